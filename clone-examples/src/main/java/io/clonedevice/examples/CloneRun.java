package io.clonedevice.examples;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneListener;
import io.clonedevice.CloneStatus;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.tool.MetadataSummary;
import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Opens a clone, hydrates it to the end or until it is told to stop, and closes it. */
final class CloneRun {
  private static final long DEFAULT_REGION_SIZE = 64 << 10;
  private static final long REFRESH_MS = 200;

  private final CloneFiles files;
  private final boolean quiet;
  private final PrintWriter out;
  private final PrintWriter err;

  /** Completed exceptionally when the device says that it will not get done. */
  private final CompletableFuture<Void> trouble = new CompletableFuture<>();

  CloneRun(CloneFiles files, boolean quiet, PrintWriter out, PrintWriter err) {
    this.files = files;
    this.quiet = quiet;
    this.out = out;
    this.err = err;
  }

  /**
   * Runs the clone.
   *
   * @param regionSize bytes, or null for that of the metadata or the default
   * @param threshold regions, or null for the library's choice
   * @param batchSize regions, or null for the library's choice
   * @return the exit status
   */
  int execute(
      Long regionSize, Long threshold, Long batchSize, boolean hydrate, boolean discardPassdown)
      throws Exception {
    Hydration hydration = hydrate ? Hydration.background() : Hydration.disabled();
    if (threshold != null) {
      hydration = hydration.threshold(threshold);
    }
    if (batchSize != null) {
      hydration = hydration.batchSize(batchSize);
    }
    boolean copies = hydrate && (threshold == null || threshold > 0);
    try (StopSignal stop = new StopSignal()) {
      CloneStatus last;
      try (CloneDevice device = open(regionSize, hydration, discardPassdown)) {
        if (copies) {
          hydrate(device, stop);
        }
        device.suspend();
        last = device.status();
      }
      return report(last, copies, stop);
    }
  }

  private CloneDevice open(Long regionSize, Hydration hydration, boolean discardPassdown)
      throws IOException {
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
              .hydration(hydration)
              .discardPassdown(discardPassdown)
              .listener(new TroubleListener())
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
    if (!quiet) {
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

  private void hydrate(CloneDevice device, StopSignal stop) throws Exception {
    CompletableFuture<Void> hydrated = device.hydrated();
    CompletableFuture<Object> wake = CompletableFuture.anyOf(hydrated, stop.requested(), trouble);
    CloneStatus status = device.statusNoFlush();
    try (Progress progress =
        quiet ? Progress.none() : Progress.onStderr(hydratedBytes(status), device.size(), err)) {
      while (true) {
        boolean copied = status.hydratedRegions() == status.regionCount();
        progress.update(
            copied ? Progress.Phase.COMMITTING : Progress.Phase.HYDRATING, hydratedBytes(status));
        try {
          wake.get(REFRESH_MS, TimeUnit.MILLISECONDS);
          break;
        } catch (TimeoutException notYet) {
          status = device.statusNoFlush();
        } catch (ExecutionException e) {
          if (stop.isRequested()) {
            break;
          }
          throw e;
        }
      }
      progress.update(
          hydrated.isDone() ? Progress.Phase.DONE : Progress.Phase.STOPPED,
          hydratedBytes(device.statusNoFlush()));
    }
  }

  private int report(CloneStatus last, boolean copies, StopSignal stop) {
    boolean done = last.hydrationCompleted();
    if (!quiet) {
      out.println(
          (done ? "done: " : "not done: ")
              + last.hydratedRegions()
              + " of "
              + last.regionCount()
              + " regions hydrated, "
              + (done
                  ? "the source is no longer needed"
                  : copies ? "run it again to go on" : "nothing was copied in this run"));
      out.flush();
    }
    return done || !copies
        ? CloneTool.DONE
        : stop.isRequested() ? CloneTool.INTERRUPTED : CloneTool.TROUBLE;
  }

  private static long hydratedBytes(CloneStatus status) {
    return Math.min(status.hydratedRegions() * status.regionSize(), status.deviceSize());
  }

  /** Ends the run when the device gives up; called by the device's threads. */
  private final class TroubleListener implements CloneListener {
    @Override
    public void modeChanged(MetadataMode mode, Throwable cause) {
      if (mode != MetadataMode.READ_WRITE) {
        trouble.completeExceptionally(
            new IOException(
                "metadata "
                    + files.metadata()
                    + " is now "
                    + mode.description()
                    + ": "
                    + cause.getMessage(),
                cause));
      }
    }

    @Override
    public void hydrationStopped(Throwable cause) {
      trouble.completeExceptionally(
          new IOException("copying failed again and again: " + Errors.describe(cause), cause));
    }
  }
}
