package io.clonedevice.metadata.persistent;

/** How many blocks of which kind a clone's metadata takes: the one place with that arithmetic. */
public final class MetadataLayout {
  /** Most metadata blocks that the format can manage; the rest of a larger device is not used. */
  public static final long MAX_BLOCKS =
      (long) IndexBlock.MAX_BITMAPS * BitmapBlock.ENTRIES_PER_BLOCK;

  /** Words of the bitset in an array block; the last one may have fewer. */
  public static final int WORDS_PER_ARRAY_BLOCK = ArrayBlock.WORDS_PER_BLOCK;

  /** Superblock, index block and overflow root. */
  private static final long FIXED_BLOCKS = 3;

  private MetadataLayout() {}

  /**
   * Returns the number of 64-bit words of the bitset.
   *
   * @param regionCount number of regions, 1 to 2^31
   * @return words, 1 to 2^25
   */
  public static int wordCount(long regionCount) {
    return Math.toIntExact((regionCount + 63) >>> 6);
  }

  /**
   * Returns the number of array blocks that hold the bitset.
   *
   * @param regionCount number of regions, 1 to 2^31
   * @return array blocks, 1 to 65923
   */
  public static int arrayBlockCount(long regionCount) {
    return ceilDiv(wordCount(regionCount), ArrayBlock.WORDS_PER_BLOCK);
  }

  /**
   * Returns the number of words in an array block: full ones but for the last.
   *
   * @param regionCount number of regions, 1 to 2^31
   * @param arrayBlock index of the array block
   * @return 1 to 509
   */
  public static int wordsIn(long regionCount, int arrayBlock) {
    return Math.min(
        ArrayBlock.WORDS_PER_BLOCK,
        wordCount(regionCount) - arrayBlock * ArrayBlock.WORDS_PER_BLOCK);
  }

  static int bitmapCount(long blockCount) {
    return ceilDiv(Math.toIntExact(blockCount), BitmapBlock.ENTRIES_PER_BLOCK);
  }

  /** Returns how many blocks the metadata takes at the very least, whoever wrote it. */
  static long fewestBlocks(long regionCount) {
    int arrayBlocks = arrayBlockCount(regionCount);
    return FIXED_BLOCKS + 1 + arrayBlocks + BitsetTree.nodeCount(arrayBlocks);
  }

  /**
   * Returns how large a device must be so that formatting it, and then a commit that touches every
   * array block, both fit.
   *
   * @param regionCount number of regions, 1 to 2^31
   * @return metadata blocks
   */
  public static long blocksToFormat(long regionCount) {
    int arrayBlocks = arrayBlockCount(regionCount);
    return withCopies(arrayBlocks, BitsetTree.nodeCount(arrayBlocks));
  }

  /**
   * Returns the same for the worst-shaped bitset tree, that of any other writer of the format.
   *
   * @param regionCount number of regions, 1 to 2^31
   * @return metadata blocks
   */
  public static long blocksForAnyWriter(long regionCount) {
    int arrayBlocks = arrayBlockCount(regionCount);
    int nodes = 1;
    for (int level = arrayBlocks; level > BTreeNode.MIN_ENTRIES; ) {
      level = ceilDiv(level, BTreeNode.MIN_ENTRIES);
      nodes += level;
    }
    return withCopies(arrayBlocks, nodes);
  }

  /** Everything twice, except for superblock and overflow root, which never move. */
  static long withCopies(long arrayBlocks, long nodes) {
    long needed = FIXED_BLOCKS + 1 + 2 * (arrayBlocks + nodes);
    long bitmaps = 1;
    while (needed + 2 * bitmaps > bitmaps * BitmapBlock.ENTRIES_PER_BLOCK) {
      bitmaps++;
    }
    return needed + 2 * bitmaps;
  }

  static int ceilDiv(int dividend, int divisor) {
    return (dividend + divisor - 1) / divisor;
  }
}
