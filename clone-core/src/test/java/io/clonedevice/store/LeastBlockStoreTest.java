package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import org.junit.jupiter.api.Test;

/** What the interface does for a store that has only what it must have. */
class LeastBlockStoreTest {
  private static final int SIZE = 8 << 20;

  private final LeastBlockStore store = new LeastBlockStore();
  private final MemoryBlockStore target = new MemoryBlockStore(SIZE);

  /** Reads as sevens. */
  private static final class LeastBlockStore implements BlockStore {
    @Override
    public String name() {
      return "least";
    }

    @Override
    public long size() {
      return SIZE;
    }

    @Override
    public int logicalBlockSize() {
      return 512;
    }

    @Override
    public boolean isReadOnly() {
      return true;
    }

    @Override
    public void read(long offset, ByteBuffer target) {
      RequestChecks.checkRead(this, offset, target);
      while (target.hasRemaining()) {
        target.put((byte) 7);
      }
    }

    @Override
    public void write(long offset, ByteBuffer source) {
      throw new NonWritableChannelException();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @Test
  void copyCopiesTheRange() throws IOException {
    store.copyTo(0, target, 512, SIZE - 512);
    assertThat(target.contents()).startsWith(new byte[512]).endsWith((byte) 7);
    assertThat(target.contents()[512]).isEqualTo((byte) 7);
  }

  @Test
  void copyOfARangeThatEndsBehindTheStoreCopiesNothing() {
    assertThatThrownBy(() -> store.copyTo(512, target, 0, SIZE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("copy of " + SIZE + " bytes at byte 512 ends at byte");
    assertThat(target.contents()).containsOnly(0);
  }

  @Test
  void copyOfANegativeLengthIsRefused() {
    assertThatThrownBy(() -> store.copyTo(512, target, 0, -512))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-512")
        .hasMessageContaining("negative");
  }
}
