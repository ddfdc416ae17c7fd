package io.clonedevice.metadata.persistent;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * Looks at everything that can be reached from the superblock, however damaged: reports each fault
 * and tells which array blocks can be trusted all the same.
 *
 * <p>{@link MetadataReader}, which opening uses, stops at the first fault and so may rely on all
 * that it has read; this class relies on nothing. Both use the same codecs, and metadata in which
 * one finds no fault is sound to the other. A block with a fault leads to nothing: what only it
 * points to is not found, and counts as unreferenced.
 *
 * <p>Limits: each block of the device is read once at most, so that loops, shared subtrees and huge
 * claims cost no more than sound metadata of the same size. Memory: about 1 MiB for the largest
 * device there can be. Used by one thread, once.
 */
public final class MetadataSurvey {
  private static final int UNKNOWN_DEPTH = -1;

  /** A node of the bitset's btree, on the way to an array block. */
  private record Node(int number, Node parent) {}

  private final MetadataBlocks device;
  private final FaultSink faults;
  private final ByteBuffer buffer = OnDiskMetadata.newBuffer();

  /** Blocks that something refers to. */
  private final BitSet reached = new BitSet();

  /** Blocks reached whose content is right. */
  private final BitSet sound = new BitSet();

  /**
   * Nodes and array blocks that may hold something else than the tree says: two places refer to
   * them, or they are counted free, so that another transaction may have overwritten them.
   */
  private final BitSet doubtful = new BitSet();

  /** Blocks whose count in the space map is the number of references found. */
  private final BitSet corroborated = new BitSet();

  private Superblock superblock;
  private long blockCount;
  private int leafDepth = UNKNOWN_DEPTH;
  private int[] arrayBlocks = new int[0];
  private Node[] leafOf = new Node[0];
  private int arrayBlocksFound;
  private long hydrated;

  /**
   * Makes a survey.
   *
   * @param device the metadata device; only read
   * @param faults takes what is wrong; does not throw
   */
  public MetadataSurvey(MetadataBlocks device, FaultSink faults) {
    this.device = device;
    this.faults = faults;
  }

  /**
   * Reads the whole metadata. A block that cannot be read is a fault like any other.
   *
   * @return whether the superblock is readable and its sizes make sense; if not, nothing else was
   *     read
   * @throws IOException if the sink threw it
   */
  public boolean run() throws IOException {
    if (!readSuperblock()) {
      return false;
    }
    reached.set(Superblock.NUMBER);
    sound.set(Superblock.NUMBER);
    int count = MetadataLayout.arrayBlockCount(superblock.regionCount());
    arrayBlocks = new int[count];
    leafOf = new Node[count];
    readTree();
    readOverflowRoot();
    readSpaceMap();
    readArrayBlocks();
    return true;
  }

  /**
   * Returns the superblock.
   *
   * @return the superblock, whose block numbers need not be right; null unless {@link #run()}
   *     returned true
   */
  public Superblock superblock() {
    return superblock;
  }

  /**
   * Returns how many regions the array blocks that can be trusted say to be hydrated.
   *
   * @return number of regions
   */
  public long hydrated() {
    return hydrated;
  }

  /**
   * Returns where an array block is, if its content can be trusted: itself and all nodes above it
   * have no fault, are referred to once, and are not counted free.
   *
   * @param index index of the array block
   * @return its block number, or 0 if it was not found or cannot be trusted
   */
  public int trustedArrayBlock(int index) {
    int number = arrayBlocks[index];
    return number != 0 && sound.get(number) && isUndoubted(index) ? number : 0;
  }

  /**
   * Returns whether the space map confirms the way to an array block: the counts of the array block
   * and of all nodes above it are readable and right.
   *
   * @param index index of an array block that can be trusted
   * @return false if checksums are the only evidence of what its regions are
   */
  public boolean isCorroborated(int index) {
    boolean all = corroborated.get(arrayBlocks[index]);
    for (Node node = leafOf[index]; all && node != null; node = node.parent()) {
      all = corroborated.get(node.number());
    }
    return all;
  }

  /**
   * Returns whether a block is part of the metadata, sound or not.
   *
   * @param block block number
   * @return whether the superblock, or what it leads to, refers to the block
   */
  public boolean isReferenced(int block) {
    return reached.get(block);
  }

  /**
   * Reads an array block that {@link #trustedArrayBlock} told, once more.
   *
   * @param index index of the array block
   * @param words receives its words from index 0
   * @throws IOException if it cannot be read or is no longer what it was
   */
  public void readTrusted(int index, long[] words) throws IOException {
    int number = arrayBlocks[index];
    int count = MetadataLayout.wordsIn(superblock.regionCount(), index);
    ByteBuffer block = OnDiskMetadata.newBlock();
    device.read(number, block);
    if (ArrayBlock.verify(block.clear(), number, count, FaultSink.THROWING)) {
      ArrayBlock.values(block, count).asLongBuffer().get(words, 0, count);
    }
  }

  private boolean isUndoubted(int index) {
    boolean undoubted = !doubtful.get(arrayBlocks[index]);
    for (Node node = leafOf[index]; undoubted && node != null; node = node.parent()) {
      undoubted = !doubtful.get(node.number());
    }
    return undoubted;
  }

  // ---- blocks and references

  /** Fills the buffer from its start; returns whether that went well. */
  private boolean read(long first, int blocks, ByteBuffer target) throws IOException {
    target.limit(blocks * MetadataBlocks.BLOCK_SIZE).position(0);
    try {
      device.read(first, target);
      target.clear();
      return true;
    } catch (IOException e) {
      if (blocks > 1) {
        return false; // the caller reads them one by one
      }
      String structure = "Metadata block";
      faults.report(
          MetadataFault.of(structure, first, "read", e.toString(), "a block that can be read"));
      return false;
    }
  }

  private ByteBuffer readBlock(long number) throws IOException {
    ByteBuffer block = OnDiskMetadata.newBlock();
    return read(number, 1, block) ? block : null;
  }

  /** Enters a reference; returns whether it is the first one to a block that there is. */
  private boolean reach(long number, long from, BlockKind kind, String field) throws IOException {
    if (number < 1 || number >= blockCount) {
      return kind.fault(
          faults,
          from,
          field,
          Long.toUnsignedString(number),
          "a block from 1 to " + (blockCount - 1));
    }
    if (reached.get((int) number)) {
      return kind.fault(faults, from, field, number, "a block that nothing else refers to");
    }
    reached.set((int) number);
    return true;
  }

  private boolean reachInTree(long number, long from, BlockKind kind, String field)
      throws IOException {
    boolean first = reach(number, from, kind, field);
    if (!first && number >= 1 && number < blockCount) {
      doubtful.set((int) number);
    }
    return first;
  }

  // ---- the superblock

  private boolean readSuperblock() throws IOException {
    if (device.blockCount() < 1) {
      return BlockKind.SUPERBLOCK.fault(
          faults, Superblock.NUMBER, "blocks on the device", 0, "at least 1");
    }
    ByteBuffer block = readBlock(Superblock.NUMBER);
    if (block == null) {
      return false;
    }
    if (block.equals(OnDiskMetadata.newBlock())) {
      faults.report(
          new MetadataFault(
              Superblock.NUMBER,
              "magic",
              "0",
              Long.toString(Superblock.MAGIC),
              "Superblock check failed: metadata block 0 is all zeroes; the device was never"
                  + " formatted, or its superblock was wiped"));
      return false;
    }
    Superblock decoded = Superblock.decodeIfOurs(block, faults);
    if (decoded == null) {
      return false;
    }
    boolean plausible = decoded.hasPlausibleGeometry(faults);
    if (decoded.fits(device.blockCount(), faults) && plausible) {
      plausible = decoded.hasRoomForItsRegions(faults);
    }
    if (plausible) {
      superblock = decoded;
      // Of a device that was cut short there may be something left.
      blockCount = decoded.blockCount();
      if (blockCount < 1 || blockCount > device.blockCount()) {
        blockCount = device.blockCount();
      }
    }
    return plausible;
  }

  // ---- the btree of the bitset

  private void readTree() throws IOException {
    long root = superblock.bitsetRoot();
    if (reachInTree(root, Superblock.NUMBER, BlockKind.SUPERBLOCK, "bitset_root")) {
      readNode(new Node((int) root, null), 0, 0, arrayBlocks.length);
    }
    if (arrayBlocksFound != arrayBlocks.length) {
      BlockKind.BTREE_NODE.fault(
          faults, root, "array blocks in the bitset", arrayBlocksFound, arrayBlocks.length);
    }
  }

  /** Reads a node that must hold the keys from {@code low} to before {@code high}. */
  private void readNode(Node node, int depth, int low, int high) throws IOException {
    BlockKind kind = BlockKind.BTREE_NODE;
    int number = node.number();
    if (depth == BTreeNode.MAX_DEPTH) {
      kind.fault(faults, number, "depth", depth + 1, "at most " + BTreeNode.MAX_DEPTH);
      return;
    }
    ByteBuffer block = readBlock(number);
    if (block == null || !BTreeNode.verify(block, number, depth == 0, faults)) {
      return;
    }
    boolean leaf = BTreeNode.isLeaf(block);
    if (leaf && leafDepth == UNKNOWN_DEPTH) {
      leafDepth = depth;
    }
    if (leaf ? depth != leafDepth : leafDepth != UNKNOWN_DEPTH && depth >= leafDepth) {
      kind.fault(faults, number, "depth", depth + 1, "leaves at depth " + (leafDepth + 1));
      return;
    }
    if (leaf ? !verifyLeafKeys(block, number, low, high) : !verifyKeys(block, number, low, high)) {
      return;
    }
    sound.set(number);
    int entries = BTreeNode.entries(block);
    for (int entry = 0; entry < entries; entry++) {
      long child = BTreeNode.value(block, entry);
      if (!reachInTree(child, number, kind, "value " + entry)) {
        continue;
      }
      int key = (int) BTreeNode.key(block, entry);
      if (leaf) {
        arrayBlocks[key] = (int) child;
        leafOf[key] = node;
        arrayBlocksFound++;
      } else {
        int end = entry + 1 < entries ? (int) BTreeNode.key(block, entry + 1) : high;
        readNode(new Node((int) child, node), depth + 1, key, end);
      }
    }
  }

  private boolean verifyLeafKeys(ByteBuffer block, int number, int low, int high)
      throws IOException {
    int entries = BTreeNode.entries(block);
    for (int entry = 0; entry < entries; entry++) {
      long key = BTreeNode.key(block, entry);
      if (key != low + entry) {
        return badKey(number, entry, key, Integer.toString(low + entry));
      }
    }
    return entries == high - low
        || BlockKind.BTREE_NODE.fault(faults, number, "nr_entries", entries, high - low);
  }

  private boolean verifyKeys(ByteBuffer block, int number, int low, int high) throws IOException {
    int least = low;
    for (int entry = 0; entry < BTreeNode.entries(block); entry++) {
      long key = BTreeNode.key(block, entry);
      int most = entry == 0 ? low : high - 1;
      if (key < least || key > most) {
        return badKey(number, entry, key, least == most ? least + "" : least + " to " + most);
      }
      least = (int) key + 1;
    }
    return true;
  }

  private boolean badKey(int number, int entry, long key, String expected) throws IOException {
    return BlockKind.BTREE_NODE.fault(
        faults, number, "key " + entry, Long.toUnsignedString(key), expected);
  }

  // ---- the space map

  private void readOverflowRoot() throws IOException {
    long number = superblock.overflowRoot();
    if (reach(number, Superblock.NUMBER, BlockKind.SUPERBLOCK, "ref_count_root")) {
      ByteBuffer block = readBlock(number);
      if (block != null && BTreeNode.verifyEmptyOverflowRoot(block, number, faults)) {
        sound.set((int) number);
      }
    }
  }

  private void readSpaceMap() throws IOException {
    long number = superblock.indexBlock();
    if (!reach(number, Superblock.NUMBER, BlockKind.SUPERBLOCK, "bitmap_root")) {
      return;
    }
    ByteBuffer index = readBlock(number);
    if (index == null || !BlockKind.INDEX.verify(index, number, faults)) {
      return;
    }
    sound.set((int) number);
    int bitmaps = Math.min(IndexBlock.MAX_BITMAPS, bitmapsInUse());
    boolean[] found = new boolean[bitmaps];
    for (int bitmap = 0; bitmap < bitmaps; bitmap++) {
      long block = IndexBlock.bitmapBlock(index, bitmap);
      found[bitmap] = reach(block, number, BlockKind.INDEX, "block number of bitmap " + bitmap);
    }
    CountComparison counts =
        new CountComparison(superblock, reached, doubtful, corroborated, faults);
    long allocated = 0;
    boolean complete = true;
    for (int bitmap = 0; bitmap < bitmaps; bitmap++) {
      int block = (int) IndexBlock.bitmapBlock(index, bitmap);
      ByteBuffer bytes = found[bitmap] ? readBlock(block) : null;
      if (bytes != null && BlockKind.BITMAP.verify(bytes, block, faults)) {
        sound.set(block);
        allocated += counts.compare(bitmap, block, bytes, index);
      } else {
        complete = false;
      }
    }
    if (complete && allocated != superblock.allocatedBlocks()) {
      BlockKind.SUPERBLOCK.fault(
          faults,
          Superblock.NUMBER,
          "nr_allocated",
          Long.toUnsignedString(superblock.allocatedBlocks()),
          allocated);
    }
  }

  /** Bitmaps that the superblock claims, or that the device can have if that makes no sense. */
  private int bitmapsInUse() {
    long claimed = superblock.blockCount();
    boolean possible = claimed >= 1 && claimed <= MetadataLayout.MAX_BLOCKS;
    return MetadataLayout.bitmapCount(possible ? claimed : blockCount);
  }

  // ---- array blocks

  private void readArrayBlocks() throws IOException {
    int most = buffer.capacity() / MetadataBlocks.BLOCK_SIZE;
    for (int first = 0; first < arrayBlocks.length; ) {
      int run = 1;
      while (run < most
          && first + run < arrayBlocks.length
          && arrayBlocks[first] != 0
          && arrayBlocks[first + run] == arrayBlocks[first] + run) {
        run++;
      }
      if (arrayBlocks[first] != 0) {
        readArrayBlocks(first, run);
      }
      first += run;
    }
  }

  private void readArrayBlocks(int first, int run) throws IOException {
    if (!read(arrayBlocks[first], run, buffer)) {
      for (int i = 0; run > 1 && i < run; i++) {
        readArrayBlocks(first + i, 1);
      }
      return;
    }
    for (int i = 0; i < run; i++) {
      ByteBuffer block = buffer.slice(i * MetadataBlocks.BLOCK_SIZE, MetadataBlocks.BLOCK_SIZE);
      verifyArrayBlock(first + i, block.order(buffer.order()));
    }
  }

  private void verifyArrayBlock(int index, ByteBuffer block) throws IOException {
    int number = arrayBlocks[index];
    long regionCount = superblock.regionCount();
    int count = MetadataLayout.wordsIn(regionCount, index);
    if (!ArrayBlock.verify(block, number, count, faults)
        || !ArrayBlock.verifyTail(block, number, regionCount, index, faults)) {
      return;
    }
    sound.set(number);
    if (isUndoubted(index)) {
      ByteBuffer words = ArrayBlock.values(block, count);
      for (int i = 0; i < words.limit(); i += Long.BYTES) {
        hydrated += Long.bitCount(words.getLong(i));
      }
    }
  }
}
