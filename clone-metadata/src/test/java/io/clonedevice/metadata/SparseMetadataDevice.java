package io.clonedevice.metadata;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A large metadata device in little memory: array blocks whose words are all zero, or all one, are
 * kept as their first 24 bytes.
 */
final class SparseMetadataDevice implements MetadataDevice {
  private static final int HEADER_SIZE = 24;
  private static final byte[] ZEROES = new byte[BLOCK_SIZE];
  private static final byte[] ONES = new byte[BLOCK_SIZE];

  static {
    Arrays.fill(ONES, (byte) -1);
  }

  private final byte[][] blocks;
  boolean closed;
  long blocksWritten;
  long flushes;

  SparseMetadataDevice(long blockCount) {
    this(new byte[Math.toIntExact(blockCount)][]);
  }

  private SparseMetadataDevice(byte[][] blocks) {
    this.blocks = blocks;
  }

  SparseMetadataDevice copy() {
    return new SparseMetadataDevice(blocks.clone());
  }

  @Override
  public long blockCount() {
    return blocks.length;
  }

  @Override
  public boolean isReadOnly() {
    return false;
  }

  @Override
  public void read(long block, ByteBuffer target) {
    for (int b = (int) block; target.hasRemaining(); b++) {
      byte[] kept = blocks[b] == null ? ZEROES : blocks[b];
      target.put(kept);
      if (kept.length < BLOCK_SIZE) {
        byte[] rest = kept.length == HEADER_SIZE ? ZEROES : ONES;
        target.put(rest, 0, BLOCK_SIZE - kept.length);
      }
    }
  }

  @Override
  public void write(long block, ByteBuffer source) {
    for (int b = (int) block; source.hasRemaining(); b++) {
      byte[] bytes = new byte[BLOCK_SIZE];
      source.get(bytes);
      blocks[b] = shrink(bytes);
      blocksWritten++;
    }
  }

  /** One byte more than the header says that the rest is ones. */
  private static byte[] shrink(byte[] bytes) {
    if (Arrays.equals(bytes, HEADER_SIZE, BLOCK_SIZE, ZEROES, HEADER_SIZE, BLOCK_SIZE)) {
      return Arrays.copyOf(bytes, HEADER_SIZE);
    }
    if (Arrays.equals(bytes, HEADER_SIZE, BLOCK_SIZE, ONES, HEADER_SIZE, BLOCK_SIZE)) {
      return Arrays.copyOf(bytes, HEADER_SIZE + 1);
    }
    return bytes;
  }

  @Override
  public void flush() {
    flushes++;
  }

  @Override
  public void close() {
    closed = true;
  }
}
