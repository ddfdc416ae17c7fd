package io.clonedevice.metadata.persistent;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes blocks that come in ascending order; adjacent ones go to the device in one call. */
final class BlockWriter {
  private static final byte[] ZEROES = new byte[MetadataBlocks.BLOCK_SIZE];

  private final MetadataBlocks device;
  private final ByteBuffer buffer;
  private long firstBlock;
  private int pending;

  BlockWriter(MetadataBlocks device, ByteBuffer buffer) {
    this.device = device;
    this.buffer = buffer;
  }

  /** Returns a zeroed block to fill and seal before the next call. */
  ByteBuffer next(long block) throws IOException {
    boolean adjacent = pending > 0 && block == firstBlock + pending;
    if (!adjacent || (pending + 1) * MetadataBlocks.BLOCK_SIZE > buffer.capacity()) {
      finish();
      firstBlock = block;
    }
    int offset = pending++ * MetadataBlocks.BLOCK_SIZE;
    buffer.clear().put(offset, ZEROES);
    return buffer.slice(offset, MetadataBlocks.BLOCK_SIZE).order(buffer.order());
  }

  /** Hands what is left to the device. */
  void finish() throws IOException {
    if (pending > 0) {
      int length = pending * MetadataBlocks.BLOCK_SIZE;
      pending = 0;
      device.write(firstBlock, buffer.limit(length).position(0));
    }
  }
}
