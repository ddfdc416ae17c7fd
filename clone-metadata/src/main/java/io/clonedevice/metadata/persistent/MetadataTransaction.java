package io.clonedevice.metadata.persistent;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;

/**
 * Builds the next state on disk beside the committed one.
 *
 * <p>Copy-on-write: a changed array block, the nodes above it, the bitmaps with changed counts and
 * the index block each get a new place that is free in both states, so that the committed state
 * stays whole until the caller writes the superblock. Then either {@link #complete()} or {@link
 * #rollback()} is called. Used by one thread.
 */
final class MetadataTransaction {
  // A block to write is one sortable long: block number, level, index. Two levels are no btree's.
  private static final int BITMAP_LEVEL = 0xFE;
  private static final int INDEX_LEVEL = 0xFF;
  private static final int BLOCK_SHIFT = 40;
  private static final int LEVEL_SHIFT = 32;

  private record Move(int level, int index, int oldBlock) {}

  private final BitsetTree tree;
  private final SpaceMap spaceMap;
  private final Deque<Move> moves = new ArrayDeque<>();
  private long[] writes = new long[16];
  private int writeCount;

  MetadataTransaction(BitsetTree tree, SpaceMap spaceMap) {
    this.tree = tree;
    this.spaceMap = spaceMap;
  }

  /** Gives every block that the changes touch its new place; writes nothing. */
  void shadow(int[] changedArrayBlocks) throws IOException {
    int[] changed = changedArrayBlocks;
    for (int level = 0; level <= tree.rootLevel(); level++) {
      for (int index : changed) {
        int old = tree.block(level, index);
        int block = level == 0 ? spaceMap.moveNear(old) : spaceMap.moveHome(old);
        tree.move(level, index, block);
        moves.push(new Move(level, index, old));
        plan(block, level, index);
      }
      if (level < tree.rootLevel()) {
        changed = parentsOf(level, changed);
      }
    }
    spaceMap.settle();
    BitSet bitmaps = spaceMap.movedBitmaps();
    for (int b = bitmaps.nextSetBit(0); b >= 0; b = bitmaps.nextSetBit(b + 1)) {
      plan(spaceMap.bitmapBlock(b), BITMAP_LEVEL, b);
    }
    plan(spaceMap.indexBlock(), INDEX_LEVEL, 0);
  }

  private int[] parentsOf(int level, int[] ascending) {
    int[] parents = new int[ascending.length];
    int count = 0;
    for (int index : ascending) {
      int parent = tree.parentOf(level, index);
      if (count == 0 || parents[count - 1] != parent) {
        parents[count++] = parent;
      }
    }
    return Arrays.copyOf(parents, count);
  }

  private void plan(int block, int level, int index) {
    if (writeCount == writes.length) {
      writes = Arrays.copyOf(writes, 2 * writeCount);
    }
    writes[writeCount++] = (long) block << BLOCK_SHIFT | (long) level << LEVEL_SHIFT | index;
  }

  /** Writes all blocks but the superblock; nothing is flushed. */
  void write(MetadataBlocks device, ByteBuffer buffer, ArrayContents contents) throws IOException {
    Arrays.sort(writes, 0, writeCount);
    ArrayContents.CommittedWords committed = committedWords(device, contents);
    BlockWriter writer = new BlockWriter(device, buffer);
    long[] words = new long[ArrayBlock.WORDS_PER_BLOCK];
    for (int i = 0; i < writeCount; i++) {
      int number = (int) (writes[i] >>> BLOCK_SHIFT);
      int level = (int) (writes[i] >>> LEVEL_SHIFT) & 0xFF;
      int index = (int) writes[i];
      if (level == 0) {
        contents.fill(index, words, committed);
        ByteBuffer block = writer.next(number);
        ArrayBlock.encode(block, words, contents.wordsIn(index));
        BlockKind.ARRAY.seal(block, number);
      } else if (level == BITMAP_LEVEL) {
        spaceMap.encodeBitmap(index, writer.next(number));
      } else if (level == INDEX_LEVEL) {
        spaceMap.encodeIndex(writer.next(number));
      } else {
        tree.encodeNode(level, index, writer.next(number));
      }
    }
    writer.finish();
  }

  private ArrayContents.CommittedWords committedWords(
      MetadataBlocks device, ArrayContents contents) {
    int[] changed = contents.changedArrayBlocks();
    int[] oldBlocks = new int[changed.length];
    for (Move move : moves) {
      if (move.level() == 0) {
        oldBlocks[Arrays.binarySearch(changed, move.index())] = move.oldBlock();
      }
    }
    ByteBuffer block =
        ByteBuffer.allocate(MetadataBlocks.BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    return (index, words) -> {
      int number = oldBlocks[Arrays.binarySearch(changed, index)];
      int count = contents.wordsIn(index);
      device.read(number, block.clear());
      if (ArrayBlock.verify(block, number, count, FaultSink.THROWING)) {
        ArrayBlock.values(block, count).asLongBuffer().get(words, 0, count);
      }
    };
  }

  /** The new superblock is durable: the old state's blocks become free. */
  void complete() {
    spaceMap.complete();
  }

  /** The old superblock is the one that counts: tree and space map are as they were. */
  void rollback() {
    for (Move move : moves) {
      tree.move(move.level(), move.index(), move.oldBlock());
    }
    spaceMap.rollback();
  }
}
