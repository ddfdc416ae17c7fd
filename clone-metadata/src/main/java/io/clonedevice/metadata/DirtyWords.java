package io.clonedevice.metadata;

import io.clonedevice.metadata.persistent.MetadataLayout;
import net.openhft.chronicle.bytes.BytesStore;

/**
 * The words of the region map that changed in a transaction: an off-heap bitmap, one bit a word.
 *
 * <p>A summary with one bit per array block makes finding and clearing as expensive as what is
 * dirty, not as the device is large. Not thread-safe: whoever holds it sees to that.
 */
final class DirtyWords {
  private final int wordCount;
  private final BytesStore<?, Void> bits;
  private final long[] summary;
  private int dirtyCount;

  DirtyWords(int wordCount) {
    this.wordCount = wordCount;
    this.bits = OffHeapMemory.allocate((wordCount + 63L) / 64 * 8);
    int arrayBlocks = blockOf(wordCount - 1) + 1;
    this.summary = new long[(arrayBlocks + 63) / 64];
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
    long offset = offsetOf(word);
    long old = bits.readLong(offset);
    long now = old | 1L << word;
    if (now != old) {
      bits.writeLong(offset, now);
      int block = blockOf(word);
      summary[block >>> 6] |= 1L << block;
      dirtyCount++;
    }
  }

  boolean isDirty(int word) {
    return (bits.readLong(offsetOf(word)) >>> word & 1) != 0;
  }

  boolean isEmpty() {
    return dirtyCount == 0;
  }

  boolean isBlockDirty(int arrayBlock) {
    return (summary[arrayBlock >>> 6] >>> arrayBlock & 1) != 0;
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

  int dirtyBlockCount() {
    int count = 0;
    for (long bitsOfSummary : summary) {
      count += Long.bitCount(bitsOfSummary);
    }
    return count;
  }

  /** Returns the first dirty word in {@code [fromWord, endWord)}, or -1. */
  int nextWord(int fromWord, int endWord) {
    for (int word = fromWord; word < endWord; word = (word | 63) + 1) {
      long rest = bits.readLong(offsetOf(word)) & -1L << word;
      if (rest != 0) {
        int found = (word & ~63) + Long.numberOfTrailingZeros(rest);
        return found < endWord ? found : -1;
      }
    }
    return -1;
  }

  /** Adds all words of the other set. */
  void addAll(DirtyWords other) {
    for (int block = other.nextBlock(0); block >= 0; block = other.nextBlock(block + 1)) {
      int end = other.endOf(block);
      for (int word = other.nextWord(firstWordOf(block), end);
          word >= 0;
          word = other.nextWord(word + 1, end)) {
        set(word);
      }
    }
  }

  void clear() {
    for (int block = nextBlock(0); block >= 0; block = nextBlock(block + 1)) {
      // Words at the rim belong to neighbours too, but everything is being cleared.
      int end = endOf(block);
      for (int word = firstWordOf(block); word < end; word = (word | 63) + 1) {
        bits.writeLong(offsetOf(word), 0);
      }
      summary[block >>> 6] &= ~(1L << block);
    }
    dirtyCount = 0;
  }

  void release() {
    OffHeapMemory.release(bits);
  }

  private static long offsetOf(int word) {
    return (long) (word >>> 6) << 3;
  }
}
