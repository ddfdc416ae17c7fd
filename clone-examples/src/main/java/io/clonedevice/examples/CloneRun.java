package io.clonedevice.examples;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneListener;
import io.clonedevice.CloneStatus;
import io.clonedevice.metadata.MetadataMode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Opens a clone, hydrates it to the end or until it is told to stop, and closes it. */
final class CloneRun {
  private static final long REFRESH_MS = 200;

  private final CloneOptions options;
  private final CloneFiles files;
  private final boolean quiet;
  private final PrintWriter out;
  private final PrintWriter err;

  /** Completed exceptionally when the device says that it will not get done. */
  private final CompletableFuture<Void> trouble = new CompletableFuture<>();

  CloneRun(CloneOptions options, PrintWriter out, PrintWriter err) {
    this.options = options;
    this.files = options.files();
    this.quiet = options.quiet();
    this.out = out;
    this.err = err;
  }

  /** Runs the clone; returns the exit status. */
  int execute(StopSignal stop) throws Exception {
    boolean copies = options.copies();
    CloneStatus last;
    try (CloneDevice device = new CloneOpening(options, files, err).open(new TroubleListener())) {
      if (copies) {
        hydrate(device, stop);
      }
      // What is copied needs no source any more; closing waits for other copies, which may hang.
      device.disableHydration();
      device.blocking().flush();
      last = device.statusNoFlush();
    }
    return report(last, copies, stop);
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
