package io.clonedevice.examples;

import io.clonedevice.metadata.persistent.MetadataBlocks;
import io.clonedevice.metadata.persistent.MetadataLayout;
import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A store seen as metadata blocks that are only read. */
final class ReadOnlyBlocks implements MetadataBlocks {
  private final BlockStore store;

  ReadOnlyBlocks(BlockStore store) {
    this.store = store;
  }

  /** Reads block 0; empty if there is none. */
  ByteBuffer superblock() throws IOException {
    if (blockCount() == 0) {
      return ByteBuffer.allocate(0);
    }
    ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_SIZE);
    read(0, block);
    return block.flip();
  }

  @Override
  public long blockCount() {
    return Math.min(store.size() / BLOCK_SIZE, MetadataLayout.MAX_BLOCKS);
  }

  @Override
  public void read(long block, ByteBuffer target) throws IOException {
    long count = target.remaining() / BLOCK_SIZE;
    if (block < 0 || block + count > blockCount()) {
      throw new IOException(
          "there is no metadata block "
              + (block + count - 1)
              + " on "
              + store.name()
              + ", it has "
              + blockCount());
    }
    store.read(block * BLOCK_SIZE, target);
  }

  @Override
  public void write(long block, ByteBuffer source) {
    throw new UnsupportedOperationException("opened for reading");
  }

  @Override
  public void flush() {
    throw new UnsupportedOperationException("opened for reading");
  }
}
