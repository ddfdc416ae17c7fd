package io.clonedevice.simulation;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneListener;
import io.clonedevice.CloneStatus;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.simulation.Op.Side;
import io.clonedevice.store.BlockIoException.Operation;
import java.util.ArrayList;
import java.util.List;

/** One device from opening to closing or to a power cut, and what was seen of it. */
final class Life implements CloneListener, SimulatedStore.Watcher {
  private final Scheduler scheduler;
  private final Setup.Options options;
  private final List<SimulatedStore> stores = new ArrayList<>();
  private final List<MetadataMode> modes = new ArrayList<>();
  private CloneDevice device;
  private int completions;
  private long faults;
  private boolean destinationFlushFailed;
  private boolean closing;
  private boolean quiet;
  private int reopenings;
  private int reopened;
  private long hydratedSeen;

  Life(Scheduler scheduler, Setup.Options options) {
    this.scheduler = scheduler;
    this.options = options;
  }

  void opened(CloneDevice openDevice) {
    device = openDevice;
  }

  void add(SimulatedStore store) {
    stores.add(store);
  }

  List<SimulatedStore> stores() {
    return stores;
  }

  CloneDevice device() {
    return device;
  }

  Setup.Options options() {
    return options;
  }

  CloneStatus status() {
    return device.statusNoFlush();
  }

  boolean isReadWrite() {
    return status().mode() == MetadataMode.READ_WRITE;
  }

  /** How many calls of stores have failed. */
  long faults() {
    return faults;
  }

  boolean hasDestinationFlushFailed() {
    return destinationFlushFailed;
  }

  void closes() {
    quiet = false;
    closing = true;
  }

  /** From now on no store is called, until {@link #resumes}. */
  void suspended() {
    quiet = true;
    check(status().suspended(), "suspended, but not by its status", status());
    check(status().hydratingRegions() == 0, "suspended, but copying", status());
  }

  void resumes() {
    quiet = false;
  }

  boolean isClosing() {
    return closing;
  }

  void reopens() {
    reopenings++;
  }

  /** How often the mode may have become read-write again. */
  int reopenings() {
    return reopenings;
  }

  /** The mode has been read-write again, however briefly. */
  void reopened() {
    reopened++;
  }

  // ---- what must always hold

  void checkCounters() {
    CloneStatus status = status();
    check(status.hydratedRegions() >= hydratedSeen, "regions are no longer hydrated", status);
    check(status.hydratedRegions() <= status.regionCount(), "too many regions hydrated", status);
    check(status.hydratingRegions() >= 0, "fewer than no regions are being copied", status);
    hydratedSeen = status.hydratedRegions();
  }

  /** Nothing goes on, and all events were told. */
  void checkAtRest() {
    CloneStatus status = status();
    check(status.hydratingRegions() == 0, "copies left over", status);
    MetadataMode told = modes.isEmpty() ? MetadataMode.READ_WRITE : modes.get(modes.size() - 1);
    check(told == status.mode(), "the last mode told is " + told, status);
    long toldReadWrite = modes.stream().filter(mode -> mode == MetadataMode.READ_WRITE).count();
    check(toldReadWrite >= reopened, "reopened " + reopened + " times, not told each", status);
    check(
        completions == (status.hydrationCompleted() ? 1 : 0),
        "completion told " + completions + " times",
        status);
    checkCounters();
  }

  void checkStoresClosed() {
    for (SimulatedStore store : stores) {
      check(store.isClosed(), store.side() + " was left open", store.side());
    }
  }

  private void check(boolean holds, String otherwise, Object seen) {
    if (!holds) {
      scheduler.violation(otherwise + ": " + seen);
    }
  }

  // ---- what is told

  @Override
  public void hydrationCompleted() {
    completions++;
    scheduler.trace(completions);
  }

  @Override
  public void modeChanged(MetadataMode mode, Throwable cause) {
    MetadataMode before = modes.isEmpty() ? MetadataMode.READ_WRITE : modes.get(modes.size() - 1);
    check(mode != before && before != MetadataMode.FAIL, "mode told again", mode);
    modes.add(mode);
    scheduler.trace(mode.ordinal());
  }

  @Override
  public void called(SimulatedStore store, Operation operation) {
    check(!quiet, "a suspended device calls " + operation, store.side());
    if (store.side() == Side.SOURCE && device != null && status().hydrationCompleted()) {
      scheduler.violation("the source is read although hydration is done and committed");
    }
  }

  @Override
  public void failed(SimulatedStore store, Operation operation) {
    faults++;
    if (store.side() == Side.DESTINATION && operation == Operation.FLUSH) {
      destinationFlushFailed = true;
    }
  }
}
