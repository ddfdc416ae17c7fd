package io.clonedevice.metadata.persistent;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * Compares the reference counts of the space map with the references that were found.
 *
 * <p>Adjacent blocks with the same wrong count are one fault: below a damaged node hang up to all
 * blocks of a device. Used by one thread.
 */
final class CountComparison {
  private final Superblock superblock;
  private final BitSet reached;
  private final BitSet doubtful;
  private final BitSet corroborated;
  private final FaultSink faults;

  // The run of equal faults that is not reported yet.
  private int runFirst;
  private int runLength;
  private int runCount;
  private boolean runReached;

  /**
   * Makes a comparison.
   *
   * @param doubtful receives the blocks that are reached but counted free
   * @param corroborated receives the blocks whose count is what was found
   */
  CountComparison(
      Superblock superblock,
      BitSet reached,
      BitSet doubtful,
      BitSet corroborated,
      FaultSink faults) {
    this.superblock = superblock;
    this.reached = reached;
    this.doubtful = doubtful;
    this.corroborated = corroborated;
    this.faults = faults;
  }

  /** Compares a sound bitmap and its index entry; returns the number of its counts above 0. */
  int compare(int bitmap, int number, ByteBuffer block, ByteBuffer index) throws IOException {
    int first = bitmap * BitmapBlock.ENTRIES_PER_BLOCK;
    corroborated.set(first, first + BitmapBlock.ENTRIES_PER_BLOCK);
    int used = 0;
    int firstFree = BitmapBlock.ENTRIES_PER_BLOCK;
    for (int word = 0; word < BitmapBlock.WORDS_PER_BLOCK; word++) {
      int usedBits = BitmapBlock.usedInWord(block, word);
      used += Integer.bitCount(usedBits);
      if (usedBits != -1) {
        int free = Integer.numberOfTrailingZeros(~usedBits);
        firstFree = Math.min(firstFree, word * BitmapBlock.ENTRIES_PER_WORD + free);
      }
      compareWord(bitmap, number, block, word, usedBits);
    }
    reportRun(number);
    verifyIndexEntry(index, bitmap, BitmapBlock.ENTRIES_PER_BLOCK - used, firstFree);
    return used;
  }

  private void compareWord(int bitmap, int number, ByteBuffer block, int word, int usedBits)
      throws IOException {
    int entry = word * BitmapBlock.ENTRIES_PER_WORD;
    int first = bitmap * BitmapBlock.ENTRIES_PER_BLOCK + entry;
    int reachedBits = BitmapBlock.wordOf(reached, first);
    if (usedBits == reachedBits && !BitmapBlock.hasSharedInWord(block, word)) {
      return;
    }
    for (int i = 0; i < BitmapBlock.ENTRIES_PER_WORD; i++) {
      boolean isReached = (reachedBits >>> i & 1) != 0;
      compareCount(number, first + i, BitmapBlock.count(block, entry + i), isReached);
    }
  }

  private void compareCount(int number, int counted, int count, boolean isReached)
      throws IOException {
    if (count == (isReached ? 1 : 0)) {
      return;
    }
    corroborated.clear(counted);
    if (isReached && count == 0) {
      doubtful.set(counted);
    }
    boolean sameRun =
        runLength > 0
            && counted == runFirst + runLength
            && counted != superblock.blockCount()
            && count == runCount
            && isReached == runReached;
    if (!sameRun) {
      reportRun(number);
      runFirst = counted;
      runCount = count;
      runReached = isReached;
    }
    runLength++;
  }

  private void reportRun(int number) throws IOException {
    if (runLength == 0) {
      return;
    }
    String counted =
        runLength == 1
            ? "count of block " + runFirst
            : "count of blocks " + runFirst + " to " + (runFirst + runLength - 1);
    if (runFirst >= superblock.blockCount()) {
      BlockKind.BITMAP.fault(faults, number, counted + ", past the last one", runCount, 0);
    } else {
      String references = (runReached ? 1 : 0) + ", the number of references to it";
      BlockKind.BITMAP.fault(faults, number, counted, runCount, references);
    }
    runLength = 0;
  }

  private void verifyIndexEntry(ByteBuffer index, int bitmap, int free, int firstFree)
      throws IOException {
    long number = superblock.indexBlock();
    long statedFree = IndexBlock.free(index, bitmap);
    if (statedFree != free) {
      BlockKind.INDEX.fault(faults, number, "nr_free of bitmap " + bitmap, statedFree, free);
    }
    long statedFirst = IndexBlock.noneFreeBefore(index, bitmap);
    if (statedFirst > firstFree) {
      BlockKind.INDEX.fault(
          faults,
          number,
          "none_free_before of bitmap " + bitmap,
          statedFirst,
          "at most " + firstFree);
    }
  }
}
