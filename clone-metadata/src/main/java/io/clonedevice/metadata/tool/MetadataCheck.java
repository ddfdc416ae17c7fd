package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.BoundedBlocks;
import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.persistent.MetadataFault;
import io.clonedevice.metadata.persistent.MetadataReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What is wrong with the metadata on a device: what {@link MetadataReader}, which opening uses too,
 * finds when it does not stop at the first fault.
 *
 * <p>What hangs below a damaged block cannot be reached; reference counts are compared only if
 * everything was. So after a repair another check is due.
 *
 * @param faults the first {@value #MAX_FAULTS} faults, in the order found; immutable
 * @param faultCount number of all faults
 */
public record MetadataCheck(List<MetadataFault> faults, long faultCount) {
  /** Most faults that are listed. */
  public static final int MAX_FAULTS = 1000;

  /**
   * Makes a result.
   *
   * @param faults the faults listed; copied
   * @param faultCount number of all faults
   */
  public MetadataCheck {
    faults = List.copyOf(faults);
  }

  /**
   * Checks a device; damage is a result, not an exception.
   *
   * @param device the metadata device; only read, and not closed
   * @return what is wrong with it
   * @throws IOException if the device could not be read
   */
  public static MetadataCheck of(MetadataDevice device) throws IOException {
    List<MetadataFault> faults = new ArrayList<>();
    long[] count = new long[1];
    MetadataReader reader =
        new MetadataReader(
            new BoundedBlocks(device),
            fault -> {
              if (count[0]++ < MAX_FAULTS) {
                faults.add(fault);
              }
            });
    if (reader.readSuperblock() != null) {
      reader.read((arrayBlock, words) -> {});
    }
    return new MetadataCheck(faults, count[0]);
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
