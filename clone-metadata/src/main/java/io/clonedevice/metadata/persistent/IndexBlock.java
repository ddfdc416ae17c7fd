package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;

/**
 * Where the bitmaps of the space map are, and how full each is.
 *
 * <pre>
 *   0  csum      u32
 *   4  padding   u32
 *   8  blocknr   u64
 *  16  255 entries of 16 bytes:
 *      +0   block number of the bitmap      u64
 *      +8   nr_free                         u32
 *      +12  none_free_before                u32   a hint: no smaller entry is free
 * </pre>
 *
 * {@code nr_free} counts entries past the last metadata block as free.
 */
final class IndexBlock {
  static final int MAX_BITMAPS = 255;

  private static final int ENTRIES_OFFSET = 16;
  private static final int ENTRY_SIZE = 16;
  private static final int NR_FREE_OFFSET = 8;
  private static final int NONE_FREE_BEFORE_OFFSET = 12;

  private IndexBlock() {}

  static void putEntry(ByteBuffer block, int bitmap, long number, int free, int noneFreeBefore) {
    int offset = offsetOf(bitmap);
    block.putLong(offset, number);
    block.putInt(offset + NR_FREE_OFFSET, free);
    block.putInt(offset + NONE_FREE_BEFORE_OFFSET, noneFreeBefore);
  }

  static long bitmapBlock(ByteBuffer block, int bitmap) {
    return block.getLong(offsetOf(bitmap));
  }

  static long free(ByteBuffer block, int bitmap) {
    return Integer.toUnsignedLong(block.getInt(offsetOf(bitmap) + NR_FREE_OFFSET));
  }

  static long noneFreeBefore(ByteBuffer block, int bitmap) {
    return Integer.toUnsignedLong(block.getInt(offsetOf(bitmap) + NONE_FREE_BEFORE_OFFSET));
  }

  private static int offsetOf(int bitmap) {
    return ENTRIES_OFFSET + ENTRY_SIZE * bitmap;
  }
}
