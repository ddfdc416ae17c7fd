package io.clonedevice.metadata;

import io.clonedevice.metadata.persistent.MetadataLayout;

/** How large a metadata device must be. */
public final class MetadataSize {
  private static final long MIN_BLOCKS = (1 << 20) / MetadataDevice.BLOCK_SIZE;

  private MetadataSize() {}

  /**
   * Returns a metadata device size that suffices for ever: for a commit that changes every block of
   * the bitset at once, whoever formatted the device and whoever commits.
   *
   * @param regionCount number of regions; 1 to 2^31
   * @return bytes, a multiple of 4096; 1 MiB at least, about 520 MiB at most
   * @throws IllegalArgumentException if the number is out of range
   */
  public static long forRegions(long regionCount) {
    if (regionCount < 1 || regionCount > RegionGeometry.MAX_REGION_COUNT) {
      throw new IllegalArgumentException(
          "region count " + regionCount + "; it must be 1 to " + RegionGeometry.MAX_REGION_COUNT);
    }
    long blocks = Math.max(MIN_BLOCKS, MetadataLayout.blocksForAnyWriter(regionCount));
    return blocks * MetadataDevice.BLOCK_SIZE;
  }
}
