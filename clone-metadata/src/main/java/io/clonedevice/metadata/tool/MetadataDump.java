package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionMap;
import java.io.IOException;

/**
 * Everything that the metadata of a clone says, as ranges or as JSON that {@link MetadataRestore}
 * takes back.
 *
 * <p>There can be a range for every other region, so they are never held in memory together. Of
 * metadata in use it shows the map in memory, and ranges and count may differ if regions are marked
 * meanwhile.
 */
public final class MetadataDump {
  static final String REGION_SECTORS = "region_size_sectors";
  static final String DEVICE_SECTORS = "device_sectors";
  static final String REGIONS = "regions";
  static final String HYDRATED = "hydrated";
  static final String RANGES = "ranges";
  static final String USED_BLOCKS = "used_blocks";
  static final String TOTAL_BLOCKS = "total_blocks";

  private final CloneMetadata metadata;

  private MetadataDump(CloneMetadata metadata) {
    this.metadata = metadata;
  }

  /**
   * Makes a dump of metadata, usually opened by {@link CloneMetadata#openReadOnly}.
   *
   * @param metadata the metadata; not closed, and must be open as long as the dump is used
   * @return the dump, which reads the metadata when it is asked
   */
  public static MetadataDump of(CloneMetadata metadata) {
    return new MetadataDump(metadata);
  }

  /** Takes ranges one by one. */
  @FunctionalInterface
  public interface RangeVisitor {
    /**
     * Takes a range.
     *
     * @param range the hydrated regions
     * @throws IOException to stop
     */
    void visit(RegionRange range) throws IOException;
  }

  /**
   * Visits the hydrated regions, ascending, as ranges no two of which are adjacent. Regions that
   * are marked meanwhile may be missing; one that is visited is hydrated.
   *
   * @param visitor takes them
   * @throws IOException if the visitor threw it
   * @throws IllegalStateException if the metadata is closed
   */
  public void forEachRange(RangeVisitor visitor) throws IOException {
    RegionMap map = metadata.regionMap();
    long regions = metadata.geometry().regionCount();
    for (long first = 0; first < regions; ) {
      long run = map.signedRun(first, regions);
      if (run > 0) {
        visitor.visit(new RegionRange(first, run));
        first += run + 1; // past the region that ended it, which may be marked meanwhile
      } else {
        first -= run;
      }
    }
  }

  /**
   * Writes one line of JSON without a line end: an object with the fields {@code
   * region_size_sectors}, {@code device_sectors}, {@code regions}, {@code hydrated}, {@code ranges}
   * (of {@code [first,count]}), {@code used_blocks} and {@code total_blocks}.
   *
   * @param out takes the text in small pieces
   * @throws IOException if {@code out} failed
   * @throws IllegalStateException if the metadata is closed
   */
  public void writeJson(Appendable out) throws IOException {
    MetadataSummary summary = MetadataSummary.of(metadata);
    number(out.append('{'), REGION_SECTORS, summary.regionSectors());
    number(out.append(','), DEVICE_SECTORS, summary.deviceSectors());
    number(out.append(','), REGIONS, summary.regions());
    number(out.append(','), HYDRATED, summary.hydrated());
    out.append(",\"" + RANGES + "\":[");
    boolean[] more = new boolean[1];
    forEachRange(
        range -> {
          out.append(more[0] ? ",[" : "[");
          out.append(Long.toString(range.first())).append(',');
          out.append(Long.toString(range.count())).append(']');
          more[0] = true;
        });
    number(out.append("],"), USED_BLOCKS, summary.usedBlocks());
    number(out.append(','), TOTAL_BLOCKS, summary.totalBlocks());
    out.append('}');
  }

  private static void number(Appendable out, String field, long value) throws IOException {
    out.append('"').append(field).append("\":").append(Long.toString(value));
  }
}
