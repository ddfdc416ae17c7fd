package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.RegionMap;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Everything that the metadata of a clone says, as an immutable value.
 *
 * @param regionSectors size of a region in sectors of 512 bytes
 * @param deviceSectors size of the device in sectors of 512 bytes
 * @param regions number of regions
 * @param hydrated number of hydrated regions
 * @param ranges the hydrated regions, ascending, no two of them adjacent; immutable
 * @param usedBlocks metadata blocks in use
 * @param totalBlocks metadata blocks managed
 */
public record MetadataDump(
    long regionSectors,
    long deviceSectors,
    long regions,
    long hydrated,
    List<Range> ranges,
    long usedBlocks,
    long totalBlocks) {

  /**
   * A run of hydrated regions.
   *
   * @param first index of the first region
   * @param count number of regions
   */
  public record Range(long first, long count) {}

  /**
   * Makes a dump.
   *
   * @param regionSectors size of a region in sectors
   * @param deviceSectors size of the device in sectors
   * @param regions number of regions
   * @param hydrated number of hydrated regions
   * @param ranges the hydrated regions; copied
   * @param usedBlocks metadata blocks in use
   * @param totalBlocks metadata blocks managed
   */
  public MetadataDump {
    ranges = List.copyOf(ranges);
  }

  /**
   * Dumps metadata, usually opened by {@link CloneMetadata#openReadOnly}. Of metadata in use it
   * shows the map in memory, and the count may differ from the ranges if regions are marked
   * meanwhile.
   *
   * @param metadata the metadata; not closed
   * @return what it says
   * @throws IllegalStateException if the metadata is closed
   */
  public static MetadataDump of(CloneMetadata metadata) {
    RegionGeometry geometry = metadata.geometry();
    RegionMap map = metadata.regionMap();
    List<Range> ranges = new ArrayList<>();
    for (long first = 0; first < geometry.regionCount(); ) {
      long end = map.endOfRun(first, geometry.regionCount());
      if (map.isHydrated(first)) {
        ranges.add(new Range(first, end - first));
      }
      first = end;
    }
    return new MetadataDump(
        geometry.regionSectors(),
        geometry.deviceSectors(),
        geometry.regionCount(),
        map.hydratedCount(),
        ranges,
        metadata.usedBlocks(),
        metadata.totalBlocks());
  }

  /**
   * Returns the dump as one line of JSON.
   *
   * @return an object with the fields {@code region_size_sectors}, {@code device_sectors}, {@code
   *     regions}, {@code hydrated}, {@code ranges} (of {@code [first,count]}), {@code used_blocks}
   *     and {@code total_blocks}
   */
  public String toJson() {
    return "{\"region_size_sectors\":"
        + regionSectors
        + ",\"device_sectors\":"
        + deviceSectors
        + ",\"regions\":"
        + regions
        + ",\"hydrated\":"
        + hydrated
        + ",\"ranges\":"
        + ranges.stream()
            .map(range -> "[" + range.first() + "," + range.count() + "]")
            .collect(Collectors.joining(",", "[", "]"))
        + ",\"used_blocks\":"
        + usedBlocks
        + ",\"total_blocks\":"
        + totalBlocks
        + "}";
  }
}
