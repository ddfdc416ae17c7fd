package io.clonedevice;

import io.clonedevice.metadata.MetadataMode;
import java.util.ArrayList;
import java.util.List;

/** Remembers what a device told. Thread-safe. */
public final class EventLog implements CloneListener {
  private final List<String> events = new ArrayList<>(); // guarded by this
  private volatile Throwable lastCause;

  public synchronized List<String> events() {
    return List.copyOf(events);
  }

  public Throwable lastCause() {
    return lastCause;
  }

  public synchronized void await(String event) throws InterruptedException {
    long endNs = System.nanoTime() + 20_000_000_000L;
    while (!events.contains(event)) {
      long restMs = (endNs - System.nanoTime()) / 1_000_000;
      if (restMs <= 0) {
        throw new AssertionError("no event " + event + " among " + events);
      }
      wait(restMs);
    }
  }

  private synchronized void add(String event) {
    events.add(event);
    notifyAll();
  }

  @Override
  public void hydrationCompleted() {
    add("completed");
  }

  @Override
  public void modeChanged(MetadataMode mode, Throwable cause) {
    lastCause = cause;
    add(mode.statusWord());
  }

  @Override
  public void hydrationFailing(Throwable cause) {
    lastCause = cause;
    add("failing");
  }

  @Override
  public void hydrationRecovered() {
    add("recovered");
  }

  @Override
  public void hydrationStopped(Throwable cause) {
    lastCause = cause;
    add("stopped");
  }

  @Override
  public void discardPassdownDisabled(String reason) {
    add("passdown disabled");
  }
}
