package io.clonedevice.metadata.persistent;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Writes the metadata of a clone with no region hydrated.
 *
 * <pre>
 *   0           superblock, written last
 *   1           index block
 *   2           overflow btree root
 *   3 ...       bitmap blocks
 *   then        btree nodes of the bitset, root first
 *   then        array blocks
 * </pre>
 */
public final class MetadataFormatter {
  private static final int INDEX_BLOCK = 1;
  private static final int OVERFLOW_ROOT = 2;
  private static final int FIRST_BITMAP = 3;

  private MetadataFormatter() {}

  /**
   * Returns whether a device is to be formatted: block 0 is all zeroes.
   *
   * @param device the metadata device
   * @return whether there is no superblock, of ours or anybody else
   * @throws IOException if block 0 could not be read
   */
  public static boolean isBlank(MetadataBlocks device) throws IOException {
    ByteBuffer block = OnDiskMetadata.newBlock();
    device.read(Superblock.NUMBER, block);
    return block.clear().equals(OnDiskMetadata.newBlock());
  }

  /**
   * Formats a device; durable on return.
   *
   * @param device the metadata device; large enough by {@link MetadataLayout#blocksToFormat}
   * @param regionSectors size of a region in sectors
   * @param deviceSectors size of the device in sectors
   * @return the state that was written
   * @throws IOException if the device failed; block 0 is still blank unless it was its write that
   *     failed
   */
  public static OnDiskMetadata format(MetadataBlocks device, long regionSectors, long deviceSectors)
      throws IOException {
    long regionCount = (deviceSectors - 1) / regionSectors + 1;
    int bitmaps = MetadataLayout.bitmapCount(device.blockCount());
    BitsetTree tree = BitsetTree.balanced(MetadataLayout.arrayBlockCount(regionCount));
    int end = place(tree, FIRST_BITMAP + bitmaps);
    SpaceMap spaceMap = spaceMap(Math.toIntExact(device.blockCount()), bitmaps, end);
    Superblock superblock =
        new Superblock(
            regionSectors,
            deviceSectors,
            spaceMap.blockCount(),
            spaceMap.allocatedBlocks(),
            INDEX_BLOCK,
            OVERFLOW_ROOT,
            tree.root());

    ByteBuffer buffer = OnDiskMetadata.newBuffer();
    BlockWriter writer = new BlockWriter(device, buffer);
    writeSpaceMap(spaceMap, writer);
    writeTree(tree, regionCount, writer);
    writer.finish();
    device.flush();
    ByteBuffer superblockBytes = OnDiskMetadata.newBlock();
    superblock.encode(superblockBytes);
    device.write(Superblock.NUMBER, superblockBytes.duplicate());
    device.flush();
    return new OnDiskMetadata(device, superblock, superblockBytes, tree, spaceMap, buffer);
  }

  private static int place(BitsetTree tree, int firstBlock) {
    int block = firstBlock;
    for (int level = tree.rootLevel(); level >= 0; level--) {
      for (int index = 0; index < tree.nodesAt(level); index++) {
        tree.move(level, index, block++);
      }
    }
    return block;
  }

  private static SpaceMap spaceMap(int blockCount, int bitmaps, int end) {
    int[] bitmapBlocks = new int[bitmaps];
    int[] noneFreeBefore = new int[bitmaps];
    Arrays.setAll(bitmapBlocks, i -> FIRST_BITMAP + i);
    Arrays.setAll(
        noneFreeBefore,
        i ->
            Math.max(
                0,
                Math.min(BitmapBlock.ENTRIES_PER_BLOCK, end - i * BitmapBlock.ENTRIES_PER_BLOCK)));
    BitSet inUse = new BitSet(blockCount);
    inUse.set(0, end);
    return new SpaceMap(
        blockCount, inUse, INDEX_BLOCK, OVERFLOW_ROOT, bitmapBlocks, noneFreeBefore);
  }

  private static void writeSpaceMap(SpaceMap spaceMap, BlockWriter writer) throws IOException {
    spaceMap.encodeIndex(writer.next(INDEX_BLOCK));
    ByteBuffer overflowRoot = writer.next(OVERFLOW_ROOT);
    BTreeNode.encodeEmptyOverflowRoot(overflowRoot);
    BlockKind.BTREE_NODE.seal(overflowRoot, OVERFLOW_ROOT);
    for (int bitmap = 0; bitmap < spaceMap.bitmaps(); bitmap++) {
      spaceMap.encodeBitmap(bitmap, writer.next(spaceMap.bitmapBlock(bitmap)));
    }
  }

  private static void writeTree(BitsetTree tree, long regionCount, BlockWriter writer)
      throws IOException {
    for (int level = tree.rootLevel(); level > 0; level--) {
      for (int index = 0; index < tree.nodesAt(level); index++) {
        tree.encodeNode(level, index, writer.next(tree.block(level, index)));
      }
    }
    long[] unhydrated = new long[ArrayBlock.WORDS_PER_BLOCK];
    for (int index = 0; index < tree.arrayBlocks(); index++) {
      int number = tree.block(0, index);
      ByteBuffer block = writer.next(number);
      ArrayBlock.encode(block, unhydrated, MetadataLayout.wordsIn(regionCount, index));
      BlockKind.ARRAY.seal(block, number);
    }
  }
}
