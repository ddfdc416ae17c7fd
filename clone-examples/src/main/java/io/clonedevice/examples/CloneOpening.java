package io.clonedevice.examples;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneListener;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.tool.MetadataSummary;
import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;

/** Makes or resumes the clone that the options tell of. */
final class CloneOpening {
  private static final long DEFAULT_REGION_SIZE = 64 << 10;

  /** A source that hangs must be given up long before {@link StopSignal} gives up the process. */
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

  private final CloneOptions options;
  private final CloneFiles files;
  private final PrintWriter err;

  CloneOpening(CloneOptions options, CloneFiles files, PrintWriter err) {
    this.options = options;
    this.files = files;
    this.err = err;
  }

  /**
   * Opens the device; files that were made for it are removed again if that fails.
   *
   * @param listener hears everything from opening on
   */
  CloneDevice open(CloneListener listener) throws IOException {
    Long regionSize = options.regionSize();
    try {
      files.check();
      MetadataSummary recorded =
          files.hasMetadata() ? MetadataFile.summary(files.metadata()) : null;
      requireDestinationOf(recorded);
      boolean overwrites = recorded == null && files.destinationExists();
      long chosenRegionSize =
          regionSize != null
              ? regionSize
              : recorded != null
                  ? recorded.regionSectors() * RegionGeometry.SECTOR_SIZE
                  : DEFAULT_REGION_SIZE;
      BlockStore source = files.openSource();
      // A source that has grown since is no obstacle: the clone keeps the size that it began with.
      long deviceSize =
          recorded != null ? recorded.deviceSectors() * RegionGeometry.SECTOR_SIZE : source.size();
      RegionGeometry geometry = new RegionGeometry(deviceSize, chosenRegionSize);
      BlockStore destination = files.openDestination(deviceSize);
      BlockStore metadata = files.openMetadata(MetadataSize.forRegions(geometry.regionCount()));
      CloneDevice device =
          CloneDevice.builder()
              .source(source)
              .destination(destination)
              .metadata(metadata)
              .regionSize(chosenRegionSize)
              .deviceSize(deviceSize)
              .hydration(options.hydration())
              .discardPassdown(options.discardPassdown())
              .closePatience(CLOSE_PATIENCE)
              .listener(listener)
              .open();
      if (overwrites) {
        warnOfOverwriting();
      }
      return device;
    } catch (IOException | RuntimeException e) {
      files.undo(e);
      throw e;
    }
  }

  /** A mistyped metadata path would silently begin anew over a clone that holds writes. */
  private void warnOfOverwriting() {
    if (!options.quiet()) {
      err.println(
          "warning: metadata "
              + files.metadata()
              + " is new, so what destination "
              + files.destination()
              + " holds will be overwritten");
      err.flush();
    }
  }

  /** A destination that is gone cannot be made anew: the regions copied before would be missing. */
  private void requireDestinationOf(MetadataSummary recorded) throws IOException {
    if (recorded != null && !files.destinationExists()) {
      throw new IOException(
          "destination "
              + files.destination()
              + " is missing, but metadata "
              + files.metadata()
              + " says that "
              + recorded.hydrated()
              + " of its "
              + recorded.regions()
              + " regions are hydrated; bring it back, or remove the metadata to begin anew");
    }
  }
}
