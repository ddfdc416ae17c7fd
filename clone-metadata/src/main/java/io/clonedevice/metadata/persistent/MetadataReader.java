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
 * <p>What is wrong goes to a {@link FaultSink}: it throws, and reading stops at the first fault, or
 * it collects, and reading goes on where that makes sense. Used by one thread, once.
 */
public final class MetadataReader {
  private static final int UNKNOWN_DEPTH = -1;

  private final MetadataBlocks device;
  private final FaultSink faults;
  private final ByteBuffer buffer = OnDiskMetadata.newBuffer();
  private final BitSet reached = new BitSet();

  private ByteBuffer superblockBytes;
  private Superblock superblock;
  private int leafDepth = UNKNOWN_DEPTH;
  private int faultCount;

  /**
   * Makes a reader.
   *
   * @param device the metadata device; only read
   * @param faults takes what is wrong
   */
  public MetadataReader(MetadataBlocks device, FaultSink faults) {
    this.device = device;
    this.faults =
        fault -> {
          faultCount++;
          faults.report(fault);
        };
  }

  /**
   * Reads the superblock.
   *
   * @return the superblock, or null if it is not usable and the sink did not throw
   * @throws MetadataFormatException if the sink threw it
   * @throws IOException if the device failed
   */
  public Superblock readSuperblock() throws IOException {
    if (device.blockCount() < 1) {
      faults.report(
          MetadataFault.of(
              "Superblock", Superblock.NUMBER, "blocks on the device", 0, "at least 1"));
      return null;
    }
    superblockBytes = OnDiskMetadata.newBlock();
    device.read(Superblock.NUMBER, superblockBytes);
    superblockBytes.clear();
    superblock = Superblock.decode(superblockBytes, device.blockCount(), faults);
    return superblock;
  }

  /**
   * Reads everything else; after {@link #readSuperblock()} returned a superblock.
   *
   * @param words takes the words of the bitset
   * @return the state read, or null if there was a fault and the sink did not throw
   * @throws MetadataFormatException if the sink threw it
   * @throws IOException if the device failed
   */
  public OnDiskMetadata read(ArrayWordsConsumer words) throws IOException {
    reached.set(Superblock.NUMBER);
    BitsetTree tree = readTree();
    if (tree != null) {
      readArrayBlocks(tree, words);
    }
    readOverflowRoot();
    SpaceMap spaceMap = readSpaceMap();
    if (faultCount > 0 || tree == null || spaceMap == null) {
      return null;
    }
    return new OnDiskMetadata(device, superblock, superblockBytes, tree, spaceMap, buffer);
  }

  /** Enters a reference; every block must be in range and referenced once. */
  private boolean reach(long number, long from, BlockKind kind, String field) throws IOException {
    if (number < 1 || number >= superblock.blockCount()) {
      return kind.fault(
          faults,
          from,
          field,
          Long.toUnsignedString(number),
          "a block from 1 to " + (superblock.blockCount() - 1));
    }
    if (reached.get((int) number)) {
      return kind.fault(faults, from, field, number, "a block that nothing else refers to");
    }
    reached.set((int) number);
    return true;
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
    int faultsBefore = faultCount;
    long root = superblock.bitsetRoot();
    if (!reach(root, Superblock.NUMBER, BlockKind.SUPERBLOCK, "bitset_root")) {
      return null;
    }
    readNode(root, 0, blocksByDepth, childrenByDepth, arrays);
    if (faultCount > faultsBefore) {
      return null;
    }
    if (arrays.size() != arrayBlocks) {
      BlockKind.BTREE_NODE.fault(
          faults, root, "array blocks in the bitset", arrays.size(), arrayBlocks);
      return null;
    }
    return assemble(blocksByDepth, childrenByDepth, arrays);
  }

  private void readNode(
      long number, int depth, List<IntList> blocks, List<IntList> children, IntList arrays)
      throws IOException {
    BlockKind kind = BlockKind.BTREE_NODE;
    if (depth == BTreeNode.MAX_DEPTH) {
      kind.fault(faults, number, "depth", depth + 1, "at most " + BTreeNode.MAX_DEPTH);
      return;
    }
    ByteBuffer block = readBlock(number);
    if (!BTreeNode.verify(block, number, depth == 0, faults)) {
      return;
    }
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
      kind.fault(faults, number, "depth", depth + 1, "leaves at depth " + (leafDepth + 1));
      return;
    }
    for (int entry = 0; entry < BTreeNode.entries(block); entry++) {
      long key = BTreeNode.key(block, entry);
      if (key != arrays.size()) {
        kind.fault(faults, number, "key " + entry, Long.toUnsignedString(key), arrays.size());
        return;
      }
      long child = BTreeNode.value(block, entry);
      int faultsBefore = faultCount;
      if (reach(child, number, kind, "value " + entry)) {
        if (leaf) {
          arrays.add((int) child);
        } else {
          readNode(child, depth + 1, blocks, children, arrays);
        }
      }
      if (faultCount > faultsBefore) {
        return; // the keys that follow could not be told right from wrong
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

  private void readArrayBlocks(BitsetTree tree, ArrayWordsConsumer words) throws IOException {
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
        ByteBuffer block =
            buffer
                .slice(i * MetadataBlocks.BLOCK_SIZE, MetadataBlocks.BLOCK_SIZE)
                .order(buffer.order());
        readArrayBlock(first + i, tree.block(0, first + i), block, words);
      }
      first += run;
    }
  }

  private void readArrayBlock(int index, int number, ByteBuffer block, ArrayWordsConsumer words)
      throws IOException {
    long regionCount = superblock.regionCount();
    int count = MetadataLayout.wordsIn(regionCount, index);
    if (!ArrayBlock.verify(block, number, count, faults)) {
      return;
    }
    ByteBuffer values = ArrayBlock.values(block, count);
    int tail = (int) (regionCount & 63);
    boolean last = index == MetadataLayout.arrayBlockCount(regionCount) - 1;
    if (last && tail != 0) {
      long beyond = values.getLong(8 * (count - 1)) & -1L << tail;
      if (beyond != 0) {
        BlockKind.ARRAY.fault(
            faults, number, "bits past the last region", "0x" + Long.toHexString(beyond), "0x0");
        return;
      }
    }
    words.accept(index, values);
  }

  // ---- the space map

  private void readOverflowRoot() throws IOException {
    long number = superblock.overflowRoot();
    if (reach(number, Superblock.NUMBER, BlockKind.SUPERBLOCK, "ref_count_root")) {
      BTreeNode.verifyEmptyOverflowRoot(readBlock(number), number, faults);
    }
  }

  private SpaceMap readSpaceMap() throws IOException {
    int bitmaps = MetadataLayout.bitmapCount(superblock.blockCount());
    long number = superblock.indexBlock();
    if (!reach(number, Superblock.NUMBER, BlockKind.SUPERBLOCK, "bitmap_root")) {
      return null;
    }
    ByteBuffer index = readBlock(number);
    if (!BlockKind.INDEX.verify(index, number, faults)) {
      return null;
    }
    int[] bitmapBlocks = new int[bitmaps];
    for (int bitmap = 0; bitmap < bitmaps; bitmap++) {
      long block = IndexBlock.bitmapBlock(index, bitmap);
      if (!reach(block, number, BlockKind.INDEX, "block number of bitmap " + bitmap)) {
        return null;
      }
      bitmapBlocks[bitmap] = (int) block;
    }
    // What hangs below a damaged block was not reached: counts can be compared only without faults.
    boolean compare = faultCount == 0;
    BitSet inUse = new BitSet((int) superblock.blockCount());
    for (int bitmap = 0; bitmap < bitmaps; bitmap++) {
      ByteBuffer block = readBlock(bitmapBlocks[bitmap]);
      if (!BlockKind.BITMAP.verify(block, bitmapBlocks[bitmap], faults)) {
        return null;
      }
      readBitmap(bitmap, bitmapBlocks[bitmap], block, compare, inUse);
      verifyIndexEntry(index, bitmap, inUse);
    }
    if (inUse.cardinality() != superblock.allocatedBlocks()) {
      BlockKind.SUPERBLOCK.fault(
          faults,
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

  private void readBitmap(int bitmap, int number, ByteBuffer block, boolean compare, BitSet inUse)
      throws IOException {
    for (int word = 0; word < BitmapBlock.WORDS_PER_BLOCK; word++) {
      int base = bitmap * BitmapBlock.ENTRIES_PER_BLOCK + word * BitmapBlock.ENTRIES_PER_WORD;
      int used = BitmapBlock.usedInWord(block, word);
      boolean odd = BitmapBlock.hasSharedInWord(block, word);
      for (int i = 0; i < BitmapBlock.ENTRIES_PER_WORD; i++) {
        boolean one = (used >>> i & 1) != 0;
        if (one) {
          inUse.set(base + i);
        }
        if (odd || (compare && one != reached.get(base + i))) {
          verifyCount(block, number, base + i, compare);
        }
      }
    }
  }

  private void verifyCount(ByteBuffer bitmap, int number, int counted, boolean compare)
      throws IOException {
    int count = BitmapBlock.count(bitmap, counted % BitmapBlock.ENTRIES_PER_BLOCK);
    int references = reached.get(counted) ? 1 : 0;
    if (counted >= superblock.blockCount() && count != 0) {
      BlockKind.BITMAP.fault(
          faults, number, "count of block " + counted + ", past the last one", count, 0);
    } else if (compare && count != references) {
      BlockKind.BITMAP.fault(
          faults,
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
      BlockKind.INDEX.fault(faults, number, "nr_free of bitmap " + bitmap, statedFree, free);
    }
    int firstFree = Math.min(inUse.nextClearBit(first), end) - first;
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
