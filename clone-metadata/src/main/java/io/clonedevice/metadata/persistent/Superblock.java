package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;

/**
 * Block 0, the root of everything; a commit takes effect when it is written.
 *
 * <pre>
 *     0  csum              u32
 *     4  flags             u32    0
 *     8  blocknr           u64    0
 *    16  uuid              16 B   zeroes
 *    32  magic             u64    0x8AF27F64
 *    40  version           u32    1
 *    44  space map root    128 B
 *        44  nr_blocks       u64
 *        52  nr_allocated    u64
 *        60  bitmap_root     u64  block number of the index block
 *        68  ref_count_root  u64  block number of the overflow btree's root
 *   172  region_size       u64    sectors
 *   180  target_size       u64    sectors
 *   188  bitset_root       u64    block number of the bitset btree's root
 *   196  zeroes
 * </pre>
 *
 * @param regionSectors size of a region in sectors of 512 bytes
 * @param deviceSectors size of the device in sectors of 512 bytes
 * @param blockCount metadata blocks managed, fixed when formatted
 * @param allocatedBlocks metadata blocks in use
 * @param indexBlock block number of the index block
 * @param overflowRoot block number of the overflow btree's root
 * @param bitsetRoot block number of the bitset btree's root
 */
public record Superblock(
    long regionSectors,
    long deviceSectors,
    long blockCount,
    long allocatedBlocks,
    long indexBlock,
    long overflowRoot,
    long bitsetRoot) {

  static final int NUMBER = 0;
  static final long MAGIC = 0x8AF27F64L;
  static final int VERSION = 1;

  private static final int MAGIC_OFFSET = 32;
  private static final int VERSION_OFFSET = 40;
  private static final int NR_BLOCKS_OFFSET = 44;
  private static final int NR_ALLOCATED_OFFSET = 52;
  private static final int BITMAP_ROOT_OFFSET = 60;
  private static final int REF_COUNT_ROOT_OFFSET = 68;
  private static final int REGION_SIZE_OFFSET = 172;
  private static final int TARGET_SIZE_OFFSET = 180;
  private static final int BITSET_ROOT_OFFSET = 188;

  private static final long MIN_REGION_SECTORS = 8;
  private static final long MAX_REGION_SECTORS = 1L << 21;
  private static final long MAX_DEVICE_SECTORS = Long.MAX_VALUE >>> 9;
  private static final long MAX_REGIONS = 1L << 31;

  /**
   * Returns the number of regions.
   *
   * @return 1 to 2^31
   */
  public long regionCount() {
    return (deviceSectors - 1) / regionSectors + 1;
  }

  /** Fills a zeroed block. */
  void encode(ByteBuffer block) {
    block.putLong(MAGIC_OFFSET, MAGIC);
    block.putInt(VERSION_OFFSET, VERSION);
    block.putLong(NR_BLOCKS_OFFSET, blockCount);
    block.putLong(NR_ALLOCATED_OFFSET, allocatedBlocks);
    block.putLong(BITMAP_ROOT_OFFSET, indexBlock);
    block.putLong(REF_COUNT_ROOT_OFFSET, overflowRoot);
    block.putLong(REGION_SIZE_OFFSET, regionSectors);
    block.putLong(TARGET_SIZE_OFFSET, deviceSectors);
    block.putLong(BITSET_ROOT_OFFSET, bitsetRoot);
    BlockKind.SUPERBLOCK.seal(block, NUMBER);
  }

  /** Returns what block 0 says, or null after faults that make the rest of it meaningless. */
  static Superblock decode(ByteBuffer block, long deviceBlocks, FaultSink faults)
      throws MetadataFormatException {
    Superblock decoded = decodeIfOurs(block, faults);
    if (decoded == null) {
      return null;
    }
    boolean plausible = decoded.hasPlausibleGeometry(faults) & decoded.fits(deviceBlocks, faults);
    return plausible && decoded.hasRoomForItsRegions(faults) ? decoded : null;
  }

  /** Returns what block 0 says, however little sense that makes, or null if it is no superblock. */
  static Superblock decodeIfOurs(ByteBuffer block, FaultSink faults)
      throws MetadataFormatException {
    if (!isOurs(block, faults)) {
      return null;
    }
    return new Superblock(
        block.getLong(REGION_SIZE_OFFSET),
        block.getLong(TARGET_SIZE_OFFSET),
        block.getLong(NR_BLOCKS_OFFSET),
        block.getLong(NR_ALLOCATED_OFFSET),
        block.getLong(BITMAP_ROOT_OFFSET),
        block.getLong(REF_COUNT_ROOT_OFFSET),
        block.getLong(BITSET_ROOT_OFFSET));
  }

  private static boolean isOurs(ByteBuffer block, FaultSink faults) throws MetadataFormatException {
    BlockKind kind = BlockKind.SUPERBLOCK;
    boolean ok = kind.verifyNumber(block, NUMBER, faults);
    long magic = block.getLong(MAGIC_OFFSET);
    if (magic != MAGIC) {
      ok = kind.fault(faults, NUMBER, "magic", Long.toUnsignedString(magic), MAGIC);
    }
    ok &= kind.verifyChecksum(block, NUMBER, faults);
    String version = Integer.toUnsignedString(block.getInt(VERSION_OFFSET));
    if (block.getInt(VERSION_OFFSET) != VERSION) {
      faults.report(
          new MetadataFault(
              NUMBER,
              "version",
              version,
              Integer.toString(VERSION),
              "Clone metadata version "
                  + version
                  + " found, but only versions between 1 and 1 supported."
                  + " (Superblock, metadata block 0: version "
                  + version
                  + ", expected 1)"));
      ok = false;
    }
    return ok;
  }

  /** Checks region and device size, and so that the number of regions makes sense. */
  boolean hasPlausibleGeometry(FaultSink faults) throws MetadataFormatException {
    BlockKind kind = BlockKind.SUPERBLOCK;
    if (regionSectors < MIN_REGION_SECTORS
        || regionSectors > MAX_REGION_SECTORS
        || Long.bitCount(regionSectors) != 1) {
      return kind.fault(
          faults,
          NUMBER,
          "region_size",
          Long.toUnsignedString(regionSectors),
          "a power of two from " + MIN_REGION_SECTORS + " to " + MAX_REGION_SECTORS);
    }
    if (deviceSectors < 1 || deviceSectors > MAX_DEVICE_SECTORS || regionCount() > MAX_REGIONS) {
      return kind.fault(
          faults,
          NUMBER,
          "target_size",
          Long.toUnsignedString(deviceSectors),
          "1 to " + Math.min(MAX_DEVICE_SECTORS, regionSectors * MAX_REGIONS) + " sectors");
    }
    return true;
  }

  /** Checks that the blocks managed are on the device. */
  boolean fits(long deviceBlocks, FaultSink faults) throws MetadataFormatException {
    long most = Math.min(deviceBlocks, MetadataLayout.MAX_BLOCKS);
    return (blockCount >= 1 && blockCount <= most)
        || BlockKind.SUPERBLOCK.fault(
            faults,
            NUMBER,
            "nr_blocks",
            Long.toUnsignedString(blockCount),
            "1 to " + most + ", the blocks on the device");
  }

  /**
   * Checks that the blocks managed can hold the bitset, so that a small device cannot claim, and
   * make its reader allocate, the regions of a large one; after the other checks.
   */
  boolean hasRoomForItsRegions(FaultSink faults) throws MetadataFormatException {
    long fewest = MetadataLayout.fewestBlocks(regionCount());
    return blockCount >= fewest
        || BlockKind.SUPERBLOCK.fault(
            faults,
            NUMBER,
            "nr_blocks",
            Long.toUnsignedString(blockCount),
            "at least " + fewest + " for " + regionCount() + " regions");
  }
}
