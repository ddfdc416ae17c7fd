package io.clonedevice.metadata;

import io.clonedevice.metadata.persistent.MetadataLayout;
import java.util.Arrays;
import net.openhft.chronicle.bytes.BytesStore;

/**
 * The words of the region map that changed in a transaction: an off-heap bitmap, one bit a word.
 *
 * <p>Each array block has eight longs of its own, and one bit in a summary; the longs are undefined
 * while that bit is 0. So memory touched, finding and clearing grow with what is dirty, not with
 * the device:
 *
 * <pre>
 *   summary   [      0       |           1            |  ...
 *   bits      |  undefined   | 509 words, 3 bits free |  ...
 * </pre>
 *
 * <p>Not thread-safe: whoever holds it sees to that.
 */
final class DirtyWords {
  private static final int LONGS_PER_BLOCK = (MetadataLayout.WORDS_PER_ARRAY_BLOCK + 63) / 64;

  private final int wordCount;
  private final BytesStore<?, Void> bits;
  private final long[] summary;
  private int dirtyBlocks;

  DirtyWords(int wordCount) {
    this.wordCount = wordCount;
    int blocks = blockOf(wordCount - 1) + 1;
    this.bits = OffHeapMemory.allocateUninitialised(8L * LONGS_PER_BLOCK * blocks);
    this.summary = new long[(blocks + 63) / 64];
  }

  static int blockOf(int word) {
    return word / MetadataLayout.WORDS_PER_ARRAY_BLOCK;
  }

  static int firstWordOf(int arrayBlock) {
    return arrayBlock * MetadataLayout.WORDS_PER_ARRAY_BLOCK;
  }

  int endOf(int arrayBlock) {
    return Math.min(firstWordOf(arrayBlock + 1), wordCount);
  }

  void set(int word) {
    int block = blockOf(word);
    int bit = word - firstWordOf(block);
    define(block);
    long offset = offsetOf(block, bit);
    bits.writeLong(offset, bits.readLong(offset) | 1L << bit);
  }

  /** Sets all words of an array block. */
  void setBlock(int block) {
    define(block);
    int words = endOf(block) - firstWordOf(block);
    for (int bit = 0; bit < words; bit += 64) {
      bits.writeLong(offsetOf(block, bit), words - bit < 64 ? ~(-1L << (words - bit)) : -1L);
    }
  }

  private void define(int block) {
    if (!isBlockDirty(block)) {
      summary[block >>> 6] |= 1L << block;
      dirtyBlocks++;
      bits.zeroOut(offsetOf(block, 0), offsetOf(block + 1, 0));
    }
  }

  boolean isDirty(int word) {
    int block = blockOf(word);
    int bit = word - firstWordOf(block);
    return isBlockDirty(block) && (bits.readLong(offsetOf(block, bit)) >>> bit & 1) != 0;
  }

  boolean isEmpty() {
    return dirtyBlocks == 0;
  }

  boolean isBlockDirty(int arrayBlock) {
    return (summary[arrayBlock >>> 6] >>> arrayBlock & 1) != 0;
  }

  int dirtyBlockCount() {
    return dirtyBlocks;
  }

  /** Returns the first array block from {@code fromBlock} on with a dirty word, or -1. */
  int nextBlock(int fromBlock) {
    int index = fromBlock >>> 6;
    if (index >= summary.length) {
      return -1;
    }
    long rest = summary[index] & -1L << fromBlock;
    while (rest == 0) {
      if (++index == summary.length) {
        return -1;
      }
      rest = summary[index];
    }
    return index * 64 + Long.numberOfTrailingZeros(rest);
  }

  /** Returns the first dirty word of an array block from {@code fromWord} on, or -1. */
  int nextWord(int block, int fromWord) {
    if (isBlockDirty(block)) {
      int first = firstWordOf(block);
      int end = endOf(block) - first;
      for (int bit = fromWord - first; bit < end; bit = (bit | 63) + 1) {
        long rest = bits.readLong(offsetOf(block, bit)) & -1L << bit;
        if (rest != 0) {
          return first + (bit & ~63) + Long.numberOfTrailingZeros(rest);
        }
      }
    }
    return -1;
  }

  /** Adds all words of the other set. */
  void addAll(DirtyWords other) {
    for (int block = other.nextBlock(0); block >= 0; block = other.nextBlock(block + 1)) {
      define(block);
      for (long at = offsetOf(block, 0); at < offsetOf(block + 1, 0); at += 8) {
        bits.writeLong(at, bits.readLong(at) | other.bits.readLong(at));
      }
    }
  }

  void clear() {
    Arrays.fill(summary, 0);
    dirtyBlocks = 0;
  }

  void release() {
    OffHeapMemory.release(bits);
  }

  private static long offsetOf(int block, int bit) {
    return 8L * (LONGS_PER_BLOCK * (long) block + (bit >>> 6));
  }
}
