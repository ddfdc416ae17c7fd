package io.clonedevice.crash;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Stores that break a promise in a way that only a power cut shows. */
enum Canary {
  DESTINATION_FLUSHES_NOTHING(FlushesNothing::new, UnaryOperator.identity()),
  DESTINATION_FORGETS_A_WRITE_UNDER_WAY_AT_THE_FLUSH(WritesOneLate::new, UnaryOperator.identity()),
  METADATA_FLUSHES_NOTHING(UnaryOperator.identity(), FlushesNothing::new),
  METADATA_DOES_NOT_FLUSH_THE_SUPERBLOCK(UnaryOperator.identity(), SkipsFlushOfSuperblock::new),
  METADATA_WRITES_THE_SUPERBLOCK_FIRST(UnaryOperator.identity(), SuperblockFirst::new);

  private final Life.Wrapping wrapping;

  Canary(UnaryOperator<BlockStore> destination, UnaryOperator<BlockStore> metadata) {
    wrapping = new Life.Wrapping(destination, metadata);
  }

  Life.Wrapping wrapping() {
    return wrapping;
  }

  private static final class FlushesNothing extends FilterBlockStore {
    FlushesNothing(BlockStore delegate) {
      super(delegate);
    }

    @Override
    public void flush() {}
  }

  /** The last write before each flush reaches the medium after it. */
  private static final class WritesOneLate extends FilterBlockStore {
    private Write late;

    WritesOneLate(BlockStore delegate) {
      super(delegate);
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
      writeLate();
      super.read(offset, target);
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
      writeLate();
      late = Write.of(offset, source);
    }

    @Override
    public void discard(long offset, long length) throws IOException {
      writeLate();
      super.discard(offset, length);
    }

    @Override
    public void flush() throws IOException {
      super.flush();
      writeLate();
    }

    @Override
    public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
      completion.run(() -> read(offset, target));
    }

    @Override
    public void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
      completion.run(() -> write(offset, source));
    }

    @Override
    public void discardAsync(long offset, long length, IoCompletion completion) {
      completion.run(() -> discard(offset, length));
    }

    private void writeLate() throws IOException {
      if (late != null) {
        Write write = late;
        late = null;
        super.write(write.offset, write.bytes);
      }
    }
  }

  private static final class SkipsFlushOfSuperblock extends FilterBlockStore {
    private boolean superblockWritten;

    SkipsFlushOfSuperblock(BlockStore delegate) {
      super(delegate);
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
      superblockWritten = offset == 0;
      super.write(offset, source);
    }

    @Override
    public void flush() throws IOException {
      if (!superblockWritten) {
        super.flush();
      }
    }
  }

  /** Keeps the other blocks back until the superblock is written and flushed. */
  private static final class SuperblockFirst extends FilterBlockStore {
    private final List<Write> late = new ArrayList<>();

    SuperblockFirst(BlockStore delegate) {
      super(delegate);
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
      if (offset == 0) {
        super.write(offset, source);
        super.flush();
        for (Write write : late) {
          super.write(write.offset, write.bytes);
        }
        late.clear();
      } else {
        late.add(Write.of(offset, source));
      }
    }

    @Override
    public void flush() throws IOException {
      if (late.isEmpty()) {
        super.flush();
      }
    }
  }

  private record Write(long offset, ByteBuffer bytes) {
    static Write of(long offset, ByteBuffer source) {
      ByteBuffer bytes = ByteBuffer.allocate(source.remaining());
      return new Write(offset, bytes.put(source).flip());
    }
  }
}
