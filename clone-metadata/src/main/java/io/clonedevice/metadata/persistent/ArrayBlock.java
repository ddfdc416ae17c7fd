package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;

/**
 * 509 words of the bitset of hydrated regions.
 *
 * <pre>
 *    0  csum         u32
 *    4  max_entries  u32   509
 *    8  nr_entries   u32   509; fewer only in the last array block
 *   12  value_size   u32   8
 *   16  blocknr      u64   not where other blocks have it
 *   24  values       u64 x nr_entries
 * </pre>
 */
final class ArrayBlock {
  static final int WORDS_PER_BLOCK = 509;
  static final int REGIONS_PER_BLOCK = 64 * WORDS_PER_BLOCK;

  private static final int VALUE_SIZE = 8;
  private static final int MAX_ENTRIES_OFFSET = 4;
  private static final int NR_ENTRIES_OFFSET = 8;
  private static final int VALUE_SIZE_OFFSET = 12;
  private static final int VALUES_OFFSET = 24;

  private ArrayBlock() {}

  /** Fills a zeroed block with the first {@code count} of the words. */
  static void encode(ByteBuffer block, long[] words, int count) {
    block.putInt(MAX_ENTRIES_OFFSET, WORDS_PER_BLOCK);
    block.putInt(NR_ENTRIES_OFFSET, count);
    block.putInt(VALUE_SIZE_OFFSET, VALUE_SIZE);
    for (int i = 0; i < count; i++) {
      block.putLong(VALUES_OFFSET + 8 * i, words[i]);
    }
  }

  /** Returns the values as a buffer of their own; the block must have been verified. */
  static ByteBuffer values(ByteBuffer block, int count) {
    return block.slice(VALUES_OFFSET, 8 * count).order(block.order());
  }

  static boolean verify(ByteBuffer block, long number, int words, FaultSink faults)
      throws MetadataFormatException {
    BlockKind kind = BlockKind.ARRAY;
    if (!kind.verify(block, number, faults)) {
      return false;
    }
    return verifyField(block, VALUE_SIZE_OFFSET, "value_size", VALUE_SIZE, number, faults)
        && verifyField(block, MAX_ENTRIES_OFFSET, "max_entries", WORDS_PER_BLOCK, number, faults)
        && verifyField(block, NR_ENTRIES_OFFSET, "nr_entries", words, number, faults);
  }

  /** Checks that the last word has no bits past the last region; the block must be verified. */
  static boolean verifyTail(
      ByteBuffer block, long number, long regionCount, int index, FaultSink faults)
      throws MetadataFormatException {
    int tail = (int) (regionCount & 63);
    if (tail == 0 || index != MetadataLayout.arrayBlockCount(regionCount) - 1) {
      return true;
    }
    int last = MetadataLayout.wordsIn(regionCount, index) - 1;
    long beyond = block.getLong(VALUES_OFFSET + 8 * last) & -1L << tail;
    return beyond == 0
        || BlockKind.ARRAY.fault(
            faults, number, "bits past the last region", "0x" + Long.toHexString(beyond), "0x0");
  }

  private static boolean verifyField(
      ByteBuffer block, int offset, String name, int expected, long number, FaultSink faults)
      throws MetadataFormatException {
    int found = block.getInt(offset);
    return found == expected
        || BlockKind.ARRAY.fault(faults, number, name, Integer.toUnsignedString(found), expected);
  }
}
