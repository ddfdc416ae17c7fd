package io.clonedevice.metadata.persistent;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Reads the metadata of a device and checks all of it: checksums, block numbers, keys, fill, and
 * that the reference counts are exactly what can be reached.
 *
 * <p>Stops at the first fault; {@link MetadataSurvey} finds all of them. Used by one thread, once.
 */
public final class MetadataReader {
  private static final int UNKNOWN_DEPTH = -1;
  private static final FaultSink FAULTS = FaultSink.THROWING;

  private final MetadataBlocks device;
  private final BitSet reached = new BitSet();
  private final UniformArrayBlock unhydrated = new UniformArrayBlock(false);
  private final UniformArrayBlock hydrated = new UniformArrayBlock(true);

  private ByteBuffer superblockBytes;
  private Superblock superblock;
  private int leafDepth = UNKNOWN_DEPTH;

  /**
   * Makes a reader.
   *
   * @param device the metadata device; only read
   */
  public MetadataReader(MetadataBlocks device) {
    this.device = device;
  }

  /**
   * Reads the superblock.
   *
   * @return the superblock
   * @throws MetadataFormatException if it is not usable
   * @throws IOException if the device failed
   */
  public Superblock readSuperblock() throws IOException {
    if (device.blockCount() < 1) {
      FAULTS.report(
          MetadataFault.of(
              "Superblock", Superblock.NUMBER, "blocks on the device", 0, "at least 1"));
    }
    superblockBytes = OnDiskMetadata.newBlock();
    device.read(Superblock.NUMBER, superblockBytes);
    superblockBytes.clear();
    superblock = Superblock.decode(superblockBytes, device.blockCount(), FAULTS);
    return superblock;
  }

  /**
   * Reads everything else; after {@link #readSuperblock()} returned a superblock.
   *
   * @param words takes the words of the bitset
   * @return the state read
   * @throws MetadataFormatException if anything is wrong
   * @throws IOException if the device failed
   */
  public OnDiskMetadata read(ArrayWordsConsumer words) throws IOException {
    reached.set(Superblock.NUMBER);
    BitsetTree tree = readTree();
    ByteBuffer buffer = TransferBuffers.acquire();
    try {
      readArrayBlocks(tree, buffer, words);
    } finally {
      TransferBuffers.release(buffer);
    }
    readOverflowRoot();
    SpaceMap spaceMap = readSpaceMap();
    return new OnDiskMetadata(device, superblock, superblockBytes, tree, spaceMap);
  }

  /** Enters a reference; every block must be in range and referenced once. */
  private void reach(long number, long from, BlockKind kind, String field) throws IOException {
    if (number < 1 || number >= superblock.blockCount()) {
      kind.fault(
          FAULTS,
          from,
          field,
          Long.toUnsignedString(number),
          "a block from 1 to " + (superblock.blockCount() - 1));
    }
    if (reached.get((int) number)) {
      kind.fault(FAULTS, from, field, number, "a block that nothing else refers to");
    }
    reached.set((int) number);
  }

  private ByteBuffer readBlock(long number) throws IOException {
    ByteBuffer block = OnDiskMetadata.newBlock();
    device.read(number, block);
    return block.clear();
  }

  // ---- the btree of the bitset

  private BitsetTree readTree() throws IOException {
    int arrayBlocks = MetadataLayout.arrayBlockCount(superblock.regionCount());
    List<IntList> blocksByDepth = new ArrayList<>();
    List<IntList> childrenByDepth = new ArrayList<>();
    IntList arrays = new IntList();
    long root = superblock.bitsetRoot();
    reach(root, Superblock.NUMBER, BlockKind.SUPERBLOCK, "bitset_root");
    readNode(root, 0, blocksByDepth, childrenByDepth, arrays);
    if (arrays.size() != arrayBlocks) {
      BlockKind.BTREE_NODE.fault(
          FAULTS, root, "array blocks in the bitset", arrays.size(), arrayBlocks);
    }
    return assemble(blocksByDepth, childrenByDepth, arrays);
  }

  private void readNode(
      long number, int depth, List<IntList> blocks, List<IntList> children, IntList arrays)
      throws IOException {
    BlockKind kind = BlockKind.BTREE_NODE;
    if (depth == BTreeNode.MAX_DEPTH) {
      kind.fault(FAULTS, number, "depth", depth + 1, "at most " + BTreeNode.MAX_DEPTH);
    }
    ByteBuffer block = readBlock(number);
    BTreeNode.verify(block, number, depth == 0, FAULTS);
    if (depth == blocks.size()) {
      blocks.add(new IntList());
      children.add(new IntList());
    }
    blocks.get(depth).add((int) number);
    children.get(depth).add(BTreeNode.entries(block));
    boolean leaf = BTreeNode.isLeaf(block);
    if (leaf && leafDepth == UNKNOWN_DEPTH) {
      leafDepth = depth;
    }
    if (leaf ? depth != leafDepth : leafDepth != UNKNOWN_DEPTH && depth >= leafDepth) {
      kind.fault(FAULTS, number, "depth", depth + 1, "leaves at depth " + (leafDepth + 1));
    }
    for (int entry = 0; entry < BTreeNode.entries(block); entry++) {
      long key = BTreeNode.key(block, entry);
      if (key != arrays.size()) {
        kind.fault(FAULTS, number, "key " + entry, Long.toUnsignedString(key), arrays.size());
      }
      long child = BTreeNode.value(block, entry);
      reach(child, number, kind, "value " + entry);
      if (leaf) {
        arrays.add((int) child);
      } else {
        readNode(child, depth + 1, blocks, children, arrays);
      }
    }
  }

  private static BitsetTree assemble(
      List<IntList> blocksByDepth, List<IntList> childrenByDepth, IntList arrays) {
    int depth = blocksByDepth.size();
    int[][] blocks = new int[depth + 1][];
    int[][] firstChild = new int[depth + 1][];
    blocks[0] = arrays.toArray();
    firstChild[0] = new int[0];
    for (int level = 1; level <= depth; level++) {
      blocks[level] = blocksByDepth.get(depth - level).toArray();
      int[] children = childrenByDepth.get(depth - level).toArray();
      firstChild[level] = new int[children.length + 1];
      for (int node = 0; node < children.length; node++) {
        firstChild[level][node + 1] = firstChild[level][node] + children[node];
      }
    }
    return new BitsetTree(blocks, firstChild);
  }

  // ---- array blocks

  private void readArrayBlocks(BitsetTree tree, ByteBuffer buffer, ArrayWordsConsumer words)
      throws IOException {
    int most = buffer.capacity() / MetadataBlocks.BLOCK_SIZE;
    int count = tree.arrayBlocks();
    for (int first = 0; first < count; ) {
      int run = 1;
      while (run < most
          && first + run < count
          && tree.block(0, first + run) == tree.block(0, first) + run) {
        run++;
      }
      device.read(tree.block(0, first), buffer.limit(run * MetadataBlocks.BLOCK_SIZE).position(0));
      for (int i = 0; i < run; i++) {
        int start = i * MetadataBlocks.BLOCK_SIZE;
        buffer.limit(start + MetadataBlocks.BLOCK_SIZE).position(start);
        readArrayBlock(first + i, tree.block(0, first + i), buffer, words);
      }
      first += run;
    }
  }

  /** Reads the array block between the buffer's position and limit. */
  private void readArrayBlock(int index, int number, ByteBuffer buffer, ArrayWordsConsumer words)
      throws IOException {
    long regionCount = superblock.regionCount();
    boolean full = (index + 1L) * ArrayBlock.REGIONS_PER_BLOCK <= regionCount;
    if (full && unhydrated.matches(buffer, number)) {
      words.acceptUniform(index, false);
    } else if (full && hydrated.matches(buffer, number)) {
      words.acceptUniform(index, true);
    } else {
      int count = MetadataLayout.wordsIn(regionCount, index);
      ByteBuffer block = buffer.slice().order(buffer.order());
      ArrayBlock.verify(block, number, count, FAULTS);
      ArrayBlock.verifyTail(block, number, regionCount, index, FAULTS);
      words.accept(index, ArrayBlock.values(block, count));
    }
  }

  // ---- the space map

  private void readOverflowRoot() throws IOException {
    long number = superblock.overflowRoot();
    reach(number, Superblock.NUMBER, BlockKind.SUPERBLOCK, "ref_count_root");
    BTreeNode.verifyEmptyOverflowRoot(readBlock(number), number, FAULTS);
  }

  private SpaceMap readSpaceMap() throws IOException {
    int bitmaps = MetadataLayout.bitmapCount(superblock.blockCount());
    long number = superblock.indexBlock();
    reach(number, Superblock.NUMBER, BlockKind.SUPERBLOCK, "bitmap_root");
    ByteBuffer index = readBlock(number);
    BlockKind.INDEX.verify(index, number, FAULTS);
    int[] bitmapBlocks = new int[bitmaps];
    for (int bitmap = 0; bitmap < bitmaps; bitmap++) {
      long block = IndexBlock.bitmapBlock(index, bitmap);
      reach(block, number, BlockKind.INDEX, "block number of bitmap " + bitmap);
      bitmapBlocks[bitmap] = (int) block;
    }
    BitSet inUse = new BitSet((int) superblock.blockCount());
    for (int bitmap = 0; bitmap < bitmaps; bitmap++) {
      ByteBuffer block = readBlock(bitmapBlocks[bitmap]);
      BlockKind.BITMAP.verify(block, bitmapBlocks[bitmap], FAULTS);
      readBitmap(bitmap, bitmapBlocks[bitmap], block, inUse);
      verifyIndexEntry(index, bitmap, inUse);
    }
    if (inUse.cardinality() != superblock.allocatedBlocks()) {
      BlockKind.SUPERBLOCK.fault(
          FAULTS,
          Superblock.NUMBER,
          "nr_allocated",
          Long.toUnsignedString(superblock.allocatedBlocks()),
          inUse.cardinality());
    }
    int[] noneFreeBefore = new int[bitmaps];
    Arrays.setAll(noneFreeBefore, i -> (int) IndexBlock.noneFreeBefore(index, i));
    return new SpaceMap(
        (int) superblock.blockCount(),
        inUse,
        (int) number,
        (int) superblock.overflowRoot(),
        bitmapBlocks,
        noneFreeBefore);
  }

  private void readBitmap(int bitmap, int number, ByteBuffer block, BitSet inUse)
      throws IOException {
    for (int word = 0; word < BitmapBlock.WORDS_PER_BLOCK; word++) {
      int base = bitmap * BitmapBlock.ENTRIES_PER_BLOCK + word * BitmapBlock.ENTRIES_PER_WORD;
      int used = BitmapBlock.usedInWord(block, word);
      for (int bits = used; bits != 0; bits &= bits - 1) {
        inUse.set(base + Integer.numberOfTrailingZeros(bits));
      }
      if (used != BitmapBlock.wordOf(reached, base) || BitmapBlock.hasSharedInWord(block, word)) {
        for (int i = 0; i < BitmapBlock.ENTRIES_PER_WORD; i++) {
          verifyCount(block, number, base + i);
        }
      }
    }
  }

  private void verifyCount(ByteBuffer bitmap, int number, int counted) throws IOException {
    int count = BitmapBlock.count(bitmap, counted % BitmapBlock.ENTRIES_PER_BLOCK);
    int references = reached.get(counted) ? 1 : 0;
    if (counted >= superblock.blockCount() && count != 0) {
      BlockKind.BITMAP.fault(
          FAULTS, number, "count of block " + counted + ", past the last one", count, 0);
    } else if (count != references) {
      BlockKind.BITMAP.fault(
          FAULTS,
          number,
          "count of block " + counted,
          count,
          references + ", the number of references to it");
    }
  }

  private void verifyIndexEntry(ByteBuffer index, int bitmap, BitSet inUse) throws IOException {
    long number = superblock.indexBlock();
    int first = bitmap * BitmapBlock.ENTRIES_PER_BLOCK;
    int end = first + BitmapBlock.ENTRIES_PER_BLOCK;
    int free = BitmapBlock.ENTRIES_PER_BLOCK - inUse.get(first, end).cardinality();
    long statedFree = IndexBlock.free(index, bitmap);
    if (statedFree != free) {
      BlockKind.INDEX.fault(FAULTS, number, "nr_free of bitmap " + bitmap, statedFree, free);
    }
    int firstFree = Math.min(inUse.nextClearBit(first), end) - first;
    long statedFirst = IndexBlock.noneFreeBefore(index, bitmap);
    if (statedFirst > firstFree) {
      BlockKind.INDEX.fault(
          FAULTS,
          number,
          "none_free_before of bitmap " + bitmap,
          statedFirst,
          "at most " + firstFree);
    }
  }
}
