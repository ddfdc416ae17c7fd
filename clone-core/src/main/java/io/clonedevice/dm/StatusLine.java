package io.clonedevice.dm;

import io.clonedevice.CloneStatus;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.RegionGeometry;
import java.util.ArrayList;
import java.util.List;

/**
 * A status line: how a clone device does.
 *
 * <pre>
 * start length clone 8 used/total region-size hydrated/regions hydrating
 *     #features features... 4 hydration_threshold N hydration_batch_size N rw|ro
 * start length clone Fail
 * start length clone Error
 * </pre>
 *
 * <p>Start, length and region size are sectors of 512 bytes; 8 is the size of a metadata block in
 * sectors. Features and settings are the current ones, not those that the device was made with.
 *
 * <p>{@code toString()} of a status line is the text that {@link #parse} reads.
 */
public sealed interface StatusLine {
  /**
   * Returns where the device begins in its table.
   *
   * @return sectors, {@code >= 0}
   */
  long startSector();

  /**
   * Returns the length of the device.
   *
   * @return sectors, positive
   */
  long sectorCount();

  /**
   * Reads a status line in exactly the form that dm-clone prints, any white space between words.
   *
   * @param text the line
   * @return the line
   * @throws IllegalArgumentException if it is none; the message names what was expected and found
   */
  static StatusLine parse(String text) {
    return new StatusLineParser(text).parse();
  }

  /**
   * Returns the line of a device in a state.
   *
   * @param startSector where the device begins in its table, {@code >= 0}
   * @param status the state
   * @return counters, or {@link Failed} in mode {@code Fail}
   */
  static StatusLine of(long startSector, CloneStatus status) {
    long sectorCount = status.deviceSize() / RegionGeometry.SECTOR_SIZE;
    if (status.mode() == MetadataMode.FAIL) {
      return new Failed(startSector, sectorCount);
    }
    return new Counters(
        startSector,
        sectorCount,
        status.metadataUsedBlocks(),
        status.metadataTotalBlocks(),
        status.regionSize() / RegionGeometry.SECTOR_SIZE,
        status.hydratedRegions(),
        status.hydratingRegions(),
        !status.hydrationEnabled(),
        !status.discardPassdown(),
        status.hydrationThreshold(),
        status.hydrationBatchSize(),
        status.mode());
  }

  /**
   * The line of a device whose counters can be read.
   *
   * @param startSector where the device begins in its table, {@code >= 0}
   * @param sectorCount length of the device in sectors, positive
   * @param usedBlocks metadata blocks in use, 0 to {@code totalBlocks}
   * @param totalBlocks metadata blocks managed
   * @param regionSectors region size in sectors; power of two, 8 to 2097152
   * @param hydratedRegions hydrated regions, 0 to {@link #regionCount()}
   * @param hydratingRegions regions being copied now, 0 to {@link #regionCount()}
   * @param noHydration whether background hydration is off now
   * @param noDiscardPassdown whether discards are kept from the destination now
   * @param hydrationThreshold current setting in regions, 0 to 4294967295
   * @param hydrationBatchSize current setting in regions, 0 to 4294967295
   * @param mode {@link MetadataMode#READ_WRITE} or {@link MetadataMode#READ_ONLY}
   */
  record Counters(
      long startSector,
      long sectorCount,
      long usedBlocks,
      long totalBlocks,
      long regionSectors,
      long hydratedRegions,
      long hydratingRegions,
      boolean noHydration,
      boolean noDiscardPassdown,
      long hydrationThreshold,
      long hydrationBatchSize,
      MetadataMode mode)
      implements StatusLine {
    /** Size of a metadata block in sectors, the fourth word of the line. */
    static final int METADATA_BLOCK_SECTORS = 8;

    /**
     * Checks the values.
     *
     * @param startSector as above
     * @param sectorCount as above
     * @param usedBlocks as above
     * @param totalBlocks as above
     * @param regionSectors as above
     * @param hydratedRegions as above
     * @param hydratingRegions as above
     * @param noHydration as above
     * @param noDiscardPassdown as above
     * @param hydrationThreshold as above
     * @param hydrationBatchSize as above
     * @param mode as above
     * @throws IllegalArgumentException if one is out of range; the message names it and the limit
     */
    public Counters {
      Limits.checkRange(startSector, sectorCount);
      Limits.checkRegions(sectorCount, regionSectors);
      long regions = Limits.regionCount(sectorCount, regionSectors);
      checkCount("used metadata blocks", usedBlocks, totalBlocks);
      checkCount("hydrated regions", hydratedRegions, regions);
      checkCount("regions being copied", hydratingRegions, regions);
      Limits.checkSetting(Names.HYDRATION_THRESHOLD, hydrationThreshold);
      Limits.checkSetting(Names.HYDRATION_BATCH_SIZE, hydrationBatchSize);
      if (mode == MetadataMode.FAIL) {
        throw new IllegalArgumentException(
            "Mode Fail has no counters; print it with StatusLine.Failed");
      }
    }

    private static void checkCount(String what, long count, long max) {
      if (count < 0 || count > max) {
        throw new IllegalArgumentException(
            "Invalid number of " + what + ": " + count + "; it must be from 0 to " + max);
      }
    }

    /**
     * Returns the number of regions, a short last one included.
     *
     * @return 1 to 2^31
     */
    public long regionCount() {
      return Limits.regionCount(sectorCount, regionSectors);
    }

    @Override
    public String toString() {
      List<String> features = new ArrayList<>();
      if (noHydration) {
        features.add(Names.NO_HYDRATION);
      }
      if (noDiscardPassdown) {
        features.add(Names.NO_DISCARD_PASSDOWN);
      }
      features.add(0, Integer.toString(features.size()));
      return String.join(
          " ",
          StatusLineParser.prefix(startSector, sectorCount),
          Integer.toString(METADATA_BLOCK_SECTORS),
          usedBlocks + "/" + totalBlocks,
          Long.toString(regionSectors),
          hydratedRegions + "/" + regionCount(),
          Long.toString(hydratingRegions),
          String.join(" ", features),
          "4",
          Names.HYDRATION_THRESHOLD,
          Long.toString(hydrationThreshold),
          Names.HYDRATION_BATCH_SIZE,
          Long.toString(hydrationBatchSize),
          mode.statusWord());
    }
  }

  /**
   * The line of a device whose metadata failed: nothing else is known.
   *
   * @param startSector where the device begins in its table, {@code >= 0}
   * @param sectorCount length of the device in sectors, positive
   */
  record Failed(long startSector, long sectorCount) implements StatusLine {
    /** The word that stands for everything. */
    static final String WORD = "Fail";

    /**
     * Checks the values.
     *
     * @param startSector as above
     * @param sectorCount as above
     * @throws IllegalArgumentException if one is out of range; the message names it and the limit
     */
    public Failed {
      Limits.checkRange(startSector, sectorCount);
    }

    @Override
    public String toString() {
      return StatusLineParser.prefix(startSector, sectorCount) + " " + WORD;
    }
  }

  /**
   * The line of a device whose counters could not be read.
   *
   * @param startSector where the device begins in its table, {@code >= 0}
   * @param sectorCount length of the device in sectors, positive
   */
  record Unreadable(long startSector, long sectorCount) implements StatusLine {
    /** The word that stands for everything. */
    static final String WORD = "Error";

    /**
     * Checks the values.
     *
     * @param startSector as above
     * @param sectorCount as above
     * @throws IllegalArgumentException if one is out of range; the message names it and the limit
     */
    public Unreadable {
      Limits.checkRange(startSector, sectorCount);
    }

    @Override
    public String toString() {
      return StatusLineParser.prefix(startSector, sectorCount) + " " + WORD;
    }
  }
}
