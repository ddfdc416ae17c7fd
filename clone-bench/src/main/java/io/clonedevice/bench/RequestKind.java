package io.clonedevice.bench;

import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Kinds of requests whose costs are counted; each uses the region of its number. */
enum RequestKind {
  HYDRATED_READ("HydratedIo.Read file-4K", true, 4096) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
        throws IOException {
      blocking.read(region, buffer.limit(SMALL));
    }
  },
  HYDRATED_WRITE("HydratedIo.Write file-4K", true, 4096) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
        throws IOException {
      blocking.write(region, buffer.limit(SMALL));
    }
  },
  ASYNCHRONOUS_READ("AsyncIo.Read file-4K", true, 4096) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer) {
      clone.device().read(region, buffer.limit(SMALL)).join();
    }
  },
  ASYNCHRONOUS_WRITE("AsyncIo.Write file-4K", true, 4096) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer) {
      clone.device().write(region, buffer.limit(SMALL)).join();
    }
  },
  UNHYDRATED_READ("UnhydratedRead.Read file-4K", false, 4096) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
        throws IOException {
      blocking.read(region, buffer.limit(SMALL));
    }
  },
  LONG_UNHYDRATED_READ("UnhydratedRead.Read file-1M", false, 4096) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
        throws IOException {
      blocking.read(region, buffer);
    }
  },
  SMALL_WRITE("UnhydratedWrite.SmallWrite", false, 64 << 10) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
        throws IOException {
      blocking.write(region + SMALL, buffer.limit(SMALL));
    }
  },
  OVERWRITE("UnhydratedWrite.Overwrite", false, 64 << 10) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
        throws IOException {
      blocking.write(region, buffer.limit(64 << 10));
    }
  },
  DISCARD("Discard.Discard", false, 64 << 10) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
        throws IOException {
      blocking.discard(region, 64 << 10);
    }
  },
  FLUSH("Flush.Flush file-4K", true, 4096) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
        throws IOException {
      blocking.flush();
    }
  },
  DURABLE_WRITE("Flush.WriteDurably file-4K", true, 4096) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
        throws IOException {
      blocking.writeDurably(region, buffer.limit(SMALL));
    }
  },
  WRITE_AND_FLUSH("Commit.WriteAndFlush file-4K", false, 4096) {
    @Override
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
        throws IOException {
      blocking.write(region, buffer.limit(SMALL));
      blocking.flush();
    }
  };

  private static final int SMALL = 4096;

  /** The row of the table of hot paths that it belongs to. */
  final String row;

  final boolean hydrated;
  final int regionSize;

  RequestKind(String row, boolean hydrated, int regionSize) {
    this.row = row;
    this.hydrated = hydrated;
    this.regionSize = regionSize;
  }

  /**
   * Makes one request.
   *
   * @param region where a region begins that no request has changed before
   * @param buffer 1 MiB, cleared
   */
  abstract void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
      throws IOException;

  /** Whether it waits for the disk, so that a few requests must do. */
  boolean isSlow() {
    return this == FLUSH || this == DURABLE_WRITE || this == WRITE_AND_FLUSH;
  }
}
