package io.clonedevice.metadata.persistent;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Which metadata blocks are in use, and the only giver of free ones.
 *
 * <p>A block may be given out if it is free in the committed state <em>and</em> in the one being
 * built: what a transaction frees stays pinned until {@link #complete()}. All counts are 0 or 1, as
 * nothing is shared in clone metadata. Used by one thread at a time.
 *
 * <p>Choice of blocks: every bitmap with a changed count must be written, so blocks come from
 * bitmaps that change anyway if these have room. Nodes, bitmaps and the index block move with every
 * commit and gather in one bitmap, the <em>home</em>; an array block stays in its own bitmap.
 */
final class SpaceMap {
  /** Room that the home bitmap must have for the blocks that move with every commit. */
  private static final int HOME_ROOM = 64;

  private final int blockCount;
  private final int overflowRoot;
  private final int[] bitmapBlocks;
  private final int[] noneFreeBefore;
  private int indexBlock;

  private final BitSet inUse;
  private final BitSet pinned = new BitSet();
  private final int[] used;
  private final int[] available;
  private final int[] cursor;
  private int allocatedBlocks;

  // What the running transaction did; empty between transactions.
  private final BitSet allocatedNow = new BitSet();
  private final BitSet dirtyBitmaps = new BitSet();
  private final List<int[]> movedBitmaps = new ArrayList<>();
  private int oldIndexBlock;
  private int home = -1;

  SpaceMap(
      int blockCount,
      BitSet inUse,
      int indexBlock,
      int overflowRoot,
      int[] bitmapBlocks,
      int[] noneFreeBefore) {
    this.blockCount = blockCount;
    this.inUse = inUse;
    this.indexBlock = indexBlock;
    this.oldIndexBlock = indexBlock;
    this.overflowRoot = overflowRoot;
    this.bitmapBlocks = bitmapBlocks;
    this.noneFreeBefore = noneFreeBefore;
    this.used = new int[bitmapBlocks.length];
    this.available = new int[bitmapBlocks.length];
    this.cursor = new int[bitmapBlocks.length];
    for (int bitmap = 0; bitmap < bitmapBlocks.length; bitmap++) {
      cursor[bitmap] = firstOf(bitmap);
      used[bitmap] = inUse.get(firstOf(bitmap), endOf(bitmap)).cardinality();
      available[bitmap] = endOf(bitmap) - firstOf(bitmap) - used[bitmap];
      allocatedBlocks += used[bitmap];
    }
  }

  static int bitmapOf(int block) {
    return block / BitmapBlock.ENTRIES_PER_BLOCK;
  }

  int blockCount() {
    return blockCount;
  }

  int allocatedBlocks() {
    return allocatedBlocks;
  }

  int indexBlock() {
    return indexBlock;
  }

  int overflowRoot() {
    return overflowRoot;
  }

  int bitmapBlock(int bitmap) {
    return bitmapBlocks[bitmap];
  }

  int bitmaps() {
    return bitmapBlocks.length;
  }

  /** Gives a block of the same bitmap as the old one if possible, and frees the old one. */
  int moveNear(int oldBlock) throws IOException {
    return move(oldBlock, bitmapOf(oldBlock));
  }

  /** Gives a block of the home bitmap if possible, and frees the old one. */
  int moveHome(int oldBlock) throws IOException {
    if (home < 0) {
      home = chooseHome();
    }
    return move(oldBlock, home);
  }

  private int move(int oldBlock, int preferredBitmap) throws IOException {
    int bitmap = bitmapWithRoom(preferredBitmap);
    int block = allocate(bitmap);
    free(oldBlock);
    return block;
  }

  private int chooseHome() {
    int best = bitmapOf(indexBlock);
    if (available[best] < HOME_ROOM) {
      for (int bitmap = 0; bitmap < available.length; bitmap++) {
        best = available[bitmap] > available[best] ? bitmap : best;
      }
    }
    return best;
  }

  private int bitmapWithRoom(int preferred) throws IOException {
    if (available[preferred] > 0) {
      return preferred;
    }
    for (int b = dirtyBitmaps.nextSetBit(0); b >= 0; b = dirtyBitmaps.nextSetBit(b + 1)) {
      if (available[b] > 0) {
        return b;
      }
    }
    for (int i = 1; i < available.length; i++) {
      int bitmap = (preferred + i) % available.length;
      if (available[bitmap] > 0) {
        return bitmap;
      }
    }
    throw new IOException(
        "No space left on the metadata device: all "
            + blockCount
            + " blocks are in use by the last commit or by this one; copy the metadata to a larger"
            + " device");
  }

  private int allocate(int bitmap) {
    int block = nextFree(cursor[bitmap], endOf(bitmap));
    if (block < 0) {
      block = nextFree(firstOf(bitmap), endOf(bitmap));
    }
    assert block >= 0 : "bitmap " + bitmap + " has " + available[bitmap] + " blocks, none found";
    cursor[bitmap] = block + 1;
    inUse.set(block);
    allocatedNow.set(block);
    account(bitmap, 1);
    available[bitmap]--;
    return block;
  }

  private int nextFree(int from, int end) {
    int block = from;
    while (true) {
      int free = inUse.nextClearBit(block);
      block = pinned.nextClearBit(free);
      if (block >= end) {
        return -1;
      }
      if (block == free) {
        return block;
      }
    }
  }

  private void free(int block) {
    assert inUse.get(block) && !allocatedNow.get(block) : "block " + block + " is not committed";
    inUse.clear(block);
    pinned.set(block);
    account(bitmapOf(block), -1);
  }

  private void account(int bitmap, int change) {
    used[bitmap] += change;
    allocatedBlocks += change;
    dirtyBitmaps.set(bitmap);
  }

  /**
   * Gives every changed bitmap, and the index block, its new place. Moving a bitmap changes counts,
   * possibly in another bitmap; it ends because none moves twice.
   */
  void settle() throws IOException {
    indexBlock = moveHome(oldIndexBlock);
    BitSet moved = new BitSet();
    for (int bitmap = dirtyBitmaps.nextSetBit(0); bitmap >= 0; ) {
      int old = bitmapBlocks[bitmap];
      bitmapBlocks[bitmap] = moveHome(old);
      movedBitmaps.add(new int[] {bitmap, old});
      moved.set(bitmap);
      BitSet left = (BitSet) dirtyBitmaps.clone();
      left.andNot(moved);
      bitmap = left.nextSetBit(0);
    }
  }

  /** Returns the bitmaps that {@link #settle()} moved. */
  BitSet movedBitmaps() {
    return dirtyBitmaps;
  }

  void encodeBitmap(int bitmap, ByteBuffer block) {
    int first = firstOf(bitmap);
    for (int word = 0; word < BitmapBlock.WORDS_PER_BLOCK; word++) {
      int base = first + word * BitmapBlock.ENTRIES_PER_WORD;
      BitmapBlock.putWord(block, word, BitmapBlock.wordOf(inUse, base));
    }
    BlockKind.BITMAP.seal(block, bitmapBlocks[bitmap]);
  }

  void encodeIndex(ByteBuffer block) {
    for (int b = dirtyBitmaps.nextSetBit(0); b >= 0; b = dirtyBitmaps.nextSetBit(b + 1)) {
      noneFreeBefore[b] = firstFreeEntry(b);
    }
    for (int bitmap = 0; bitmap < bitmapBlocks.length; bitmap++) {
      IndexBlock.putEntry(
          block,
          bitmap,
          bitmapBlocks[bitmap],
          BitmapBlock.ENTRIES_PER_BLOCK - used[bitmap],
          noneFreeBefore[bitmap]);
    }
    BlockKind.INDEX.seal(block, indexBlock);
  }

  private int firstFreeEntry(int bitmap) {
    int first = firstOf(bitmap);
    return Math.min(inUse.nextClearBit(first) - first, BitmapBlock.ENTRIES_PER_BLOCK);
  }

  /** The transaction is committed: what it freed can be given out again. */
  void complete() {
    for (int b = pinned.nextSetBit(0); b >= 0; b = pinned.nextSetBit(b + 1)) {
      available[bitmapOf(b)]++;
    }
    endTransaction();
  }

  /** The transaction never was: everything is as after the last {@link #complete()}. */
  void rollback() {
    for (int b = allocatedNow.nextSetBit(0); b >= 0; b = allocatedNow.nextSetBit(b + 1)) {
      inUse.clear(b);
      account(bitmapOf(b), -1);
      available[bitmapOf(b)]++;
    }
    for (int b = pinned.nextSetBit(0); b >= 0; b = pinned.nextSetBit(b + 1)) {
      inUse.set(b);
      account(bitmapOf(b), 1);
    }
    for (int[] moved : movedBitmaps) {
      bitmapBlocks[moved[0]] = moved[1];
    }
    indexBlock = oldIndexBlock;
    for (int b = dirtyBitmaps.nextSetBit(0); b >= 0; b = dirtyBitmaps.nextSetBit(b + 1)) {
      noneFreeBefore[b] = firstFreeEntry(b);
    }
    endTransaction();
  }

  private void endTransaction() {
    pinned.clear();
    allocatedNow.clear();
    dirtyBitmaps.clear();
    movedBitmaps.clear();
    oldIndexBlock = indexBlock;
    home = -1;
  }

  private int firstOf(int bitmap) {
    return bitmap * BitmapBlock.ENTRIES_PER_BLOCK;
  }

  private int endOf(int bitmap) {
    return Math.min(firstOf(bitmap + 1), blockCount);
  }
}
