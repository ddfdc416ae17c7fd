package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * Reference counts of 16320 metadata blocks, two bits each.
 *
 * <pre>
 *   0  csum      u32
 *   4  unused    u32
 *   8  blocknr   u64
 *  16  510 words of 32 entries   u64
 *
 *  entry e of a word: bits 2e and 2e+1;   count 0   1   2   3 or more
 *                                  bit 2e       0   0   1   1
 *                                  bit 2e+1     0   1   0   1
 * </pre>
 *
 * The lower bit is the more significant one, so that a count of 1 reads as binary 10.
 */
final class BitmapBlock {
  static final int ENTRIES_PER_BLOCK = 16320;
  static final int ENTRIES_PER_WORD = 32;
  static final int WORDS_PER_BLOCK = ENTRIES_PER_BLOCK / ENTRIES_PER_WORD;

  private static final int WORDS_OFFSET = 16;
  private static final long LOWER_BITS = 0x5555555555555555L;

  private BitmapBlock() {}

  /** Returns which of 32 blocks are in a set. */
  static int wordOf(BitSet blocks, int first) {
    int bits = 0;
    int end = first + ENTRIES_PER_WORD;
    for (int b = blocks.nextSetBit(first); b >= 0 && b < end; b = blocks.nextSetBit(b + 1)) {
      bits |= 1 << (b - first);
    }
    return bits;
  }

  /** Enters the counts of 32 blocks: 1 where {@code used} has a bit, else 0. */
  static void putWord(ByteBuffer block, int word, int used) {
    long bits = Integer.toUnsignedLong(used);
    bits = (bits | bits << 16) & 0x0000FFFF0000FFFFL;
    bits = (bits | bits << 8) & 0x00FF00FF00FF00FFL;
    bits = (bits | bits << 4) & 0x0F0F0F0F0F0F0F0FL;
    bits = (bits | bits << 2) & 0x3333333333333333L;
    bits = (bits | bits << 1) & LOWER_BITS;
    block.putLong(WORDS_OFFSET + 8 * word, bits << 1);
  }

  /** Returns which of 32 blocks have a count that is not zero. */
  static int usedInWord(ByteBuffer block, int word) {
    long raw = block.getLong(WORDS_OFFSET + 8 * word);
    long bits = (raw | raw >>> 1) & LOWER_BITS;
    bits = (bits | bits >>> 1) & 0x3333333333333333L;
    bits = (bits | bits >>> 2) & 0x0F0F0F0F0F0F0F0FL;
    bits = (bits | bits >>> 4) & 0x00FF00FF00FF00FFL;
    bits = (bits | bits >>> 8) & 0x0000FFFF0000FFFFL;
    return (int) (bits | bits >>> 16);
  }

  /** Returns whether one of 32 blocks has a count above 1, which no sound metadata has. */
  static boolean hasSharedInWord(ByteBuffer block, int word) {
    return (block.getLong(WORDS_OFFSET + 8 * word) & LOWER_BITS) != 0;
  }

  /** Returns a count; 3 stands for 3 or more. */
  static int count(ByteBuffer block, int entry) {
    long raw = block.getLong(WORDS_OFFSET + 8 * (entry / ENTRIES_PER_WORD));
    int pair = (int) (raw >>> (2 * (entry % ENTRIES_PER_WORD))) & 3;
    return (pair & 1) << 1 | pair >>> 1;
  }
}
