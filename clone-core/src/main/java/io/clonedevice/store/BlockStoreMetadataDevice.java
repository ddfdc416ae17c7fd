package io.clonedevice.store;

import io.clonedevice.metadata.MetadataDevice;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A block store seen as the metadata's blocks of 4096 bytes. Thread-safe, as the store is. */
public final class BlockStoreMetadataDevice implements MetadataDevice {
  private final BlockStore store;

  /**
   * Makes a view.
   *
   * @param store where the blocks are; closed with this view
   */
  public BlockStoreMetadataDevice(BlockStore store) {
    this.store = store;
  }

  @Override
  public long blockCount() {
    return store.size() / BLOCK_SIZE;
  }

  @Override
  public boolean isReadOnly() {
    return store.isReadOnly();
  }

  @Override
  public void read(long block, ByteBuffer target) throws IOException {
    store.read(block * BLOCK_SIZE, target);
  }

  @Override
  public void write(long block, ByteBuffer source) throws IOException {
    store.write(block * BLOCK_SIZE, source);
  }

  @Override
  public void flush() throws IOException {
    store.flush();
  }

  @Override
  public void close() throws IOException {
    store.close();
  }

  @Override
  public String toString() {
    return store.name();
  }
}
