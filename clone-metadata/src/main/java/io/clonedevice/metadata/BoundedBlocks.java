package io.clonedevice.metadata;

import io.clonedevice.metadata.persistent.MetadataBlocks;
import io.clonedevice.metadata.persistent.MetadataLayout;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The metadata device as far as the format can manage it. Every call is checked against its end, so
 * that a damaged block number never becomes an access elsewhere.
 */
public final class BoundedBlocks implements MetadataBlocks {
  private final MetadataDevice device;
  private final long blockCount;

  /**
   * Makes the view of a device, whose number of blocks must not change.
   *
   * @param device the metadata device; not closed by the view
   */
  public BoundedBlocks(MetadataDevice device) {
    this.device = device;
    this.blockCount = Math.min(device.blockCount(), MetadataLayout.MAX_BLOCKS);
  }

  @Override
  public long blockCount() {
    return blockCount;
  }

  @Override
  public void read(long block, ByteBuffer target) throws IOException {
    check(block, target);
    device.read(block, target);
  }

  @Override
  public void write(long block, ByteBuffer source) throws IOException {
    check(block, source);
    device.write(block, source);
  }

  @Override
  public void flush() throws IOException {
    device.flush();
  }

  private void check(long block, ByteBuffer bytes) throws IOException {
    long blocks = bytes.remaining() / BLOCK_SIZE;
    if (block < 0 || block + blocks > blockCount) {
      throw new IOException(
          "metadata blocks "
              + block
              + " to "
              + (block + blocks - 1)
              + ", the metadata device has "
              + blockCount);
    }
  }
}
