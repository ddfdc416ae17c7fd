package io.clonedevice.bench;

import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Kinds of requests whose costs are counted; each uses the region of its number. */
enum RequestKind {
  HYDRATED_READ(
      "HydratedIo.Read file-4K",
      true,
      4096,
      (clone, blocking, region, buffer) -> blocking.read(region, small(buffer))),
  HYDRATED_WRITE(
      "HydratedIo.Write file-4K",
      true,
      4096,
      (clone, blocking, region, buffer) -> blocking.write(region, small(buffer))),
  ASYNCHRONOUS_READ(
      "AsyncIo.Read file-4K",
      true,
      4096,
      (clone, blocking, region, buffer) -> clone.device().read(region, small(buffer)).join()),
  ASYNCHRONOUS_WRITE(
      "AsyncIo.Write file-4K",
      true,
      4096,
      (clone, blocking, region, buffer) -> clone.device().write(region, small(buffer)).join()),
  UNHYDRATED_READ(
      "UnhydratedRead.Read file-4K",
      false,
      4096,
      (clone, blocking, region, buffer) -> blocking.read(region, small(buffer))),
  LONG_UNHYDRATED_READ(
      "UnhydratedRead.Read file-1M",
      false,
      4096,
      (clone, blocking, region, buffer) -> blocking.read(region, buffer)),
  SMALL_WRITE(
      "UnhydratedWrite.SmallWrite",
      false,
      64 << 10,
      (clone, blocking, region, buffer) -> blocking.write(region + 4096, small(buffer))),
  OVERWRITE(
      "UnhydratedWrite.Overwrite",
      false,
      64 << 10,
      (clone, blocking, region, buffer) -> blocking.write(region, buffer.limit(64 << 10))),
  DISCARD(
      "Discard.Discard",
      false,
      64 << 10,
      (clone, blocking, region, buffer) -> blocking.discard(region, 64 << 10)),
  FLUSH("Flush.Flush file-4K", true, 4096, (clone, blocking, region, buffer) -> blocking.flush()),
  DURABLE_WRITE(
      "Flush.WriteDurably file-4K",
      true,
      4096,
      (clone, blocking, region, buffer) -> blocking.writeDurably(region, small(buffer))),
  WRITE_AND_FLUSH(
      "Commit.WriteAndFlush file-4K",
      false,
      4096,
      (clone, blocking, region, buffer) -> {
        blocking.write(region, small(buffer));
        blocking.flush();
      });

  /** The row of the table of hot paths that it belongs to. */
  final String row;

  final boolean hydrated;
  final int regionSize;
  private final Call call;

  RequestKind(String row, boolean hydrated, int regionSize, Call call) {
    this.row = row;
    this.hydrated = hydrated;
    this.regionSize = regionSize;
    this.call = call;
  }

  /** How a request is made. */
  private interface Call {
    void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
        throws IOException;
  }

  /**
   * Makes one request.
   *
   * @param region where a region begins that no request has changed before
   * @param buffer 1 MiB, cleared
   */
  void make(BenchClone clone, BlockStore blocking, long region, ByteBuffer buffer)
      throws IOException {
    call.make(clone, blocking, region, buffer);
  }

  private static ByteBuffer small(ByteBuffer buffer) {
    return buffer.limit(4096);
  }

  /** Whether it waits for the disk, so that a few requests must do. */
  boolean isSlow() {
    return this == FLUSH || this == DURABLE_WRITE || this == WRITE_AND_FLUSH;
  }
}
