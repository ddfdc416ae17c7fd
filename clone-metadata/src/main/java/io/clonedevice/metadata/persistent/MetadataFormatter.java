package io.clonedevice.metadata.persistent;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Writes the whole metadata of a clone: with no region hydrated, or with given contents.
 *
 * <pre>
 *   0           superblock, written last
 *   1           index block
 *   2           overflow btree root
 *   3 ...       bitmap blocks
 *   then        btree nodes of the bitset, root first
 *   then        array blocks
 * </pre>
 *
 * Blocks that are not to be overwritten are skipped; array blocks may stay where they are.
 */
public final class MetadataFormatter {
  private final MetadataBlocks device;
  private final ArrayBlockSource source;
  private final BitSet inUse = new BitSet();
  private int next = Superblock.NUMBER + 1;

  private MetadataFormatter(MetadataBlocks device, ArrayBlockSource source) {
    this.device = device;
    this.source = source;
    inUse.set(Superblock.NUMBER);
  }

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
   * Formats a device with no region hydrated; durable on return.
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
    return format(device, regionSectors, deviceSectors, (index, words) -> Arrays.fill(words, 0));
  }

  /**
   * Formats a device with given contents; durable on return.
   *
   * @param device the metadata device
   * @param regionSectors size of a region in sectors
   * @param deviceSectors size of the device in sectors
   * @param source gives the contents
   * @return the state that was written
   * @throws IOException if the device is too small or failed, or the source failed; block 0 is
   *     unchanged unless it was its write that failed
   */
  public static OnDiskMetadata format(
      MetadataBlocks device, long regionSectors, long deviceSectors, ArrayBlockSource source)
      throws IOException {
    return new MetadataFormatter(device, source).write(regionSectors, deviceSectors);
  }

  private OnDiskMetadata write(long regionSectors, long deviceSectors) throws IOException {
    long regionCount = (deviceSectors - 1) / regionSectors + 1;
    int bitmaps = MetadataLayout.bitmapCount(device.blockCount());
    BitsetTree tree = BitsetTree.balanced(MetadataLayout.arrayBlockCount(regionCount));
    int indexBlock = place();
    int overflowRoot = place();
    int[] bitmapBlocks = new int[bitmaps];
    for (int bitmap = 0; bitmap < bitmaps; bitmap++) {
      bitmapBlocks[bitmap] = place();
    }
    place(tree);
    SpaceMap spaceMap =
        new SpaceMap(
            Math.toIntExact(device.blockCount()),
            inUse,
            indexBlock,
            overflowRoot,
            bitmapBlocks,
            noneFreeBefore(bitmaps));
    Superblock superblock =
        new Superblock(
            regionSectors,
            deviceSectors,
            spaceMap.blockCount(),
            spaceMap.allocatedBlocks(),
            indexBlock,
            overflowRoot,
            tree.root());

    ByteBuffer buffer = TransferBuffers.acquire();
    try {
      BlockWriter writer = new BlockWriter(device, buffer);
      writeSpaceMap(spaceMap, writer);
      writeTree(tree, regionCount, writer);
      writer.finish();
    } finally {
      TransferBuffers.release(buffer);
    }
    device.flush();
    ByteBuffer superblockBytes = OnDiskMetadata.newBlock();
    superblock.encode(superblockBytes);
    device.write(Superblock.NUMBER, superblockBytes.duplicate());
    device.flush();
    return new OnDiskMetadata(device, superblock, superblockBytes, tree, spaceMap);
  }

  /** Gives the next block that may be written. */
  private int place() throws IOException {
    while (source.isReserved(next)) {
      next++;
    }
    if (next >= device.blockCount()) {
      throw new IOException(
          "No space left on the metadata device: its "
              + device.blockCount()
              + " blocks do not suffice; use a larger one");
    }
    inUse.set(next);
    return next++;
  }

  private void place(BitsetTree tree) throws IOException {
    for (int level = tree.rootLevel(); level > 0; level--) {
      for (int index = 0; index < tree.nodesAt(level); index++) {
        tree.move(level, index, place());
      }
    }
    for (int index = 0; index < tree.arrayBlocks(); index++) {
      int kept = source.keptBlock(index);
      if (kept != 0) {
        inUse.set(kept);
      }
      tree.move(0, index, kept != 0 ? kept : place());
    }
  }

  private int[] noneFreeBefore(int bitmaps) {
    int[] noneFreeBefore = new int[bitmaps];
    Arrays.setAll(
        noneFreeBefore,
        bitmap -> {
          int first = bitmap * BitmapBlock.ENTRIES_PER_BLOCK;
          return Math.min(inUse.nextClearBit(first) - first, BitmapBlock.ENTRIES_PER_BLOCK);
        });
    return noneFreeBefore;
  }

  private static void writeSpaceMap(SpaceMap spaceMap, BlockWriter writer) throws IOException {
    spaceMap.encodeIndex(writer.next(spaceMap.indexBlock()));
    ByteBuffer overflowRoot = writer.next(spaceMap.overflowRoot());
    BTreeNode.encodeEmptyOverflowRoot(overflowRoot);
    BlockKind.BTREE_NODE.seal(overflowRoot, spaceMap.overflowRoot());
    for (int bitmap = 0; bitmap < spaceMap.bitmaps(); bitmap++) {
      spaceMap.encodeBitmap(bitmap, writer.next(spaceMap.bitmapBlock(bitmap)));
    }
  }

  private void writeTree(BitsetTree tree, long regionCount, BlockWriter writer) throws IOException {
    for (int level = tree.rootLevel(); level > 0; level--) {
      for (int index = 0; index < tree.nodesAt(level); index++) {
        tree.encodeNode(level, index, writer.next(tree.block(level, index)));
      }
    }
    long[] words = new long[ArrayBlock.WORDS_PER_BLOCK];
    for (int index = 0; index < tree.arrayBlocks(); index++) {
      if (source.keptBlock(index) == 0) {
        int number = tree.block(0, index);
        source.fill(index, words);
        ByteBuffer block = writer.next(number);
        ArrayBlock.encode(block, words, MetadataLayout.wordsIn(regionCount, index));
        BlockKind.ARRAY.seal(block, number);
      }
    }
  }
}
