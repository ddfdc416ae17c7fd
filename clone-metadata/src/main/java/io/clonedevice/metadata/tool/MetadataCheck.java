package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.BoundedBlocks;
import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.persistent.MetadataFault;
import io.clonedevice.metadata.persistent.MetadataSurvey;
import java.io.IOException;
import java.util.List;

/**
 * What is wrong with the metadata on a device: everything that {@link MetadataSurvey} finds.
 *
 * <p>Metadata without a fault is metadata that opens, and the other way round. No check can see
 * that a block with a right checksum and number, in the right place, holds the wrong regions.
 *
 * <p>What hangs below a damaged block cannot be reached, and then shows up as blocks with a count
 * but no reference; so after a repair another check is due.
 *
 * @param faults the first {@value #MAX_FAULTS} faults, in the order found; immutable
 * @param faultCount number of all faults
 * @param summary the figures of the metadata; null if the superblock is not usable, and not to be
 *     relied on if there is any other fault
 */
public record MetadataCheck(List<MetadataFault> faults, long faultCount, MetadataSummary summary) {
  /** Most faults that are listed. */
  public static final int MAX_FAULTS = 1000;

  /**
   * Makes a result.
   *
   * @param faults the faults listed; copied
   * @param faultCount number of all faults
   * @param summary the figures, or null
   */
  public MetadataCheck {
    faults = List.copyOf(faults);
  }

  /**
   * Checks a device; damage is a result, not an exception, and so is a block that cannot be read.
   *
   * @param device the metadata device; only read, and not closed
   * @return what is wrong with it
   */
  public static MetadataCheck of(MetadataDevice device) {
    FaultList faults = new FaultList();
    return of(new MetadataSurvey(new BoundedBlocks(device), faults), faults);
  }

  static MetadataCheck of(MetadataSurvey survey, FaultList faults) {
    try {
      MetadataSummary summary =
          survey.run() ? MetadataSummary.of(survey.superblock(), survey.hydrated()) : null;
      return new MetadataCheck(faults.first(), faults.count(), summary);
    } catch (IOException e) {
      throw new AssertionError("a survey throws only what its sink throws", e);
    }
  }

  /**
   * Returns whether nothing is wrong.
   *
   * @return whether there are no faults
   */
  public boolean isSound() {
    return faultCount == 0;
  }
}
