package io.clonedevice.testing;

import java.util.ArrayList;
import java.util.List;

/** The calls of one or more {@link RecordingBlockStore}s, in the order in which they began. */
public final class CallJournal {
  private final List<StoreCall> calls = new ArrayList<>(); // guarded by this

  /** Makes an empty journal. */
  public CallJournal() {}

  /**
   * Returns what was recorded.
   *
   * @return a copy, oldest call first
   */
  public synchronized List<StoreCall> calls() {
    return List.copyOf(calls);
  }

  /** Forgets what was recorded. */
  public synchronized void clear() {
    calls.clear();
  }

  synchronized void add(StoreCall call) {
    calls.add(call);
  }
}
