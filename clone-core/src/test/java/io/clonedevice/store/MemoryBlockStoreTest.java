package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.testing.BlockStoreContract;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class MemoryBlockStoreTest extends BlockStoreContract {
  @Override
  protected BlockStore create(long size) {
    return new MemoryBlockStore(size);
  }

  @Override
  protected BlockStore openReadOnly(BlockStore store) {
    return ((MemoryBlockStore) store).asReadOnly();
  }

  @Test
  void copyOfAnArrayIsIndependentOfIt() throws IOException {
    byte[] content = new byte[1024];
    content[512] = 7;
    try (MemoryBlockStore store = MemoryBlockStore.copyOf(content)) {
      content[512] = 8;
      assertThat(store.contents()[512]).isEqualTo((byte) 7);
    }
  }

  @Test
  void readOnlyViewSeesLaterWrites() throws IOException {
    try (MemoryBlockStore store = new MemoryBlockStore(512);
        MemoryBlockStore view = store.asReadOnly()) {
      store.write(0, ByteBuffer.allocate(512).put(0, (byte) 9));
      assertThat(view.contents()[0]).isEqualTo((byte) 9);
    }
  }

  @Test
  void discardOfAWholePageGivesItBack() throws IOException {
    try (MemoryBlockStore store = new MemoryBlockStore(1 << 20)) {
      store.write(1 << 16, ByteBuffer.allocate(1 << 16));
      assertThat(store.extentAt(1 << 16, 1 << 16).kind()).isEqualTo(Extent.Kind.DATA);
      store.discard(1 << 16, 1 << 16);
      assertThat(store.extentAt(1 << 16, 1 << 16).kind()).isEqualTo(Extent.Kind.HOLE);
    }
  }

  @Test
  void holeOfManyTebibytesIsOneExtent() throws IOException {
    long size = 8L << 40;
    try (MemoryBlockStore store = new MemoryBlockStore(size)) {
      store.write(size - 512, ByteBuffer.allocate(512));
      assertThat(store.extentAt(512, size - 512))
          .isEqualTo(new Extent(512, size - 512 - (1 << 16), Extent.Kind.HOLE));
    }
  }

  @Test
  void blocksMayBeLargerThan512Bytes() throws IOException {
    try (MemoryBlockStore store = new MemoryBlockStore(8192, 4096)) {
      assertThat(store.logicalBlockSize()).isEqualTo(4096);
      assertThatThrownBy(() -> store.read(512, ByteBuffer.allocate(4096)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void sizeThatIsNoMultipleOfTheBlockIsRefused() {
    assertThatThrownBy(() -> new MemoryBlockStore(513))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("513")
        .hasMessageContaining("512");
    assertThatThrownBy(() -> new MemoryBlockStore(-512))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new MemoryBlockStore(4096, 3000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3000");
  }
}
