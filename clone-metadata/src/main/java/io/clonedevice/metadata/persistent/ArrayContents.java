package io.clonedevice.metadata.persistent;

import java.io.IOException;

/** The frozen content of the bitset that a commit is to write. */
public interface ArrayContents {
  /**
   * Returns the array blocks that changed.
   *
   * @return their indexes, ascending
   */
  int[] changedArrayBlocks();

  /**
   * Returns the number of words in an array block.
   *
   * @param arrayBlock index of the array block
   * @return 1 to 509
   */
  int wordsIn(int arrayBlock);

  /**
   * Returns the words of an array block that are to be committed.
   *
   * @param arrayBlock index of the array block
   * @param words receives them from index 0
   * @param committed gives what the array block holds in the committed state, if that is needed
   * @throws IOException if the committed words could not be read
   */
  void fill(int arrayBlock, long[] words, CommittedWords committed) throws IOException;

  /** Reads an array block of the committed state. */
  @FunctionalInterface
  interface CommittedWords {
    /**
     * Reads the words of an array block.
     *
     * @param arrayBlock index of the array block
     * @param words receives them from index 0
     * @throws IOException if the device failed or the block is damaged
     */
    void read(int arrayBlock, long[] words) throws IOException;
  }
}
