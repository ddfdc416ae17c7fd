package io.clonedevice.metadata;

import io.clonedevice.metadata.persistent.ArrayContents;
import java.io.IOException;
import java.util.Arrays;

/**
 * What a commit is to write: the dirty words and the values they had when it began.
 *
 * <p>A word that was full cannot change any more, so only the values of the others are kept. Used
 * by the committing thread; the map's lock guards what it looks up there.
 */
final class FrozenWords implements ArrayContents {
  private final RegionMap map;
  private final DirtyWords dirty;
  private final int[] arrayBlocks;

  /** Words that were not full, ascending, and their values. */
  private int[] partialWords = new int[16];

  private long[] partialValues = new long[16];
  private int partialCount;

  /** Bits in each array block as written, in the order of {@link #arrayBlocks}. */
  private final int[] bitsWritten;

  FrozenWords(RegionMap map, DirtyWords dirty) {
    this.map = map;
    this.dirty = dirty;
    this.arrayBlocks = new int[dirty.dirtyBlockCount()];
    this.bitsWritten = new int[arrayBlocks.length];
    int count = 0;
    for (int block = dirty.nextBlock(0); block >= 0; block = dirty.nextBlock(block + 1)) {
      arrayBlocks[count++] = block;
      freezeBlock(block);
    }
  }

  private void freezeBlock(int arrayBlock) {
    if (map.isFull(arrayBlock)) {
      return;
    }
    for (int word = dirty.nextWord(arrayBlock, DirtyWords.firstWordOf(arrayBlock));
        word >= 0;
        word = dirty.nextWord(arrayBlock, word + 1)) {
      long value = map.word(word);
      if (value != map.fullWord(word)) {
        keep(word, value);
      }
    }
  }

  private void keep(int word, long value) {
    if (partialCount == partialWords.length) {
      partialWords = Arrays.copyOf(partialWords, 2 * partialCount);
      partialValues = Arrays.copyOf(partialValues, 2 * partialCount);
    }
    partialWords[partialCount] = word;
    partialValues[partialCount++] = value;
  }

  DirtyWords dirty() {
    return dirty;
  }

  boolean isEmpty() {
    return arrayBlocks.length == 0;
  }

  /** Returns the bits that were written to the n-th of the changed array blocks. */
  int bitsWritten(int changedIndex) {
    return bitsWritten[changedIndex];
  }

  @Override
  public int[] changedArrayBlocks() {
    return arrayBlocks;
  }

  @Override
  public int wordsIn(int arrayBlock) {
    return dirty.endOf(arrayBlock) - DirtyWords.firstWordOf(arrayBlock);
  }

  @Override
  public void fill(int arrayBlock, long[] words, CommittedWords committed) throws IOException {
    if (!map.copyUnlessMarkedSince(arrayBlock, words, this)) {
      // A clean word was marked after the freeze: its committed value is on disk only.
      committed.read(arrayBlock, words);
    }
    int first = DirtyWords.firstWordOf(arrayBlock);
    int end = dirty.endOf(arrayBlock);
    int partial = Arrays.binarySearch(partialWords, 0, partialCount, first);
    partial = partial < 0 ? -partial - 1 : partial;
    for (int word = dirty.nextWord(arrayBlock, first);
        word >= 0;
        word = dirty.nextWord(arrayBlock, word + 1)) {
      boolean kept = partial < partialCount && partialWords[partial] == word;
      words[word - first] = kept ? partialValues[partial++] : map.fullWord(word);
    }
    countBits(arrayBlock, words, end - first);
  }

  private void countBits(int arrayBlock, long[] words, int count) {
    int bits = 0;
    for (int i = 0; i < count; i++) {
      bits += Long.bitCount(words[i]);
    }
    bitsWritten[Arrays.binarySearch(arrayBlocks, arrayBlock)] = bits;
  }
}
