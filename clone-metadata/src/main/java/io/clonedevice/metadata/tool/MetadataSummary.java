package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.persistent.Superblock;

/**
 * The figures of a clone's metadata.
 *
 * @param regionSectors size of a region in sectors of 512 bytes
 * @param deviceSectors size of the device in sectors of 512 bytes
 * @param regions number of regions
 * @param hydrated number of hydrated regions
 * @param usedBlocks metadata blocks in use
 * @param totalBlocks metadata blocks managed
 */
public record MetadataSummary(
    long regionSectors,
    long deviceSectors,
    long regions,
    long hydrated,
    long usedBlocks,
    long totalBlocks) {

  /**
   * Takes the figures from metadata, usually opened by {@link CloneMetadata#openReadOnly}.
   *
   * @param metadata the metadata; not closed
   * @return its figures; the hydrated regions are those in memory
   */
  public static MetadataSummary of(CloneMetadata metadata) {
    RegionGeometry geometry = metadata.geometry();
    return new MetadataSummary(
        geometry.regionSectors(),
        geometry.deviceSectors(),
        geometry.regionCount(),
        metadata.regionMap().hydratedCount(),
        metadata.usedBlocks(),
        metadata.totalBlocks());
  }

  static MetadataSummary of(Superblock superblock, long hydrated) {
    return new MetadataSummary(
        superblock.regionSectors(),
        superblock.deviceSectors(),
        superblock.regionCount(),
        hydrated,
        superblock.allocatedBlocks(),
        superblock.blockCount());
  }
}
