package io.clonedevice.engine;

import java.util.concurrent.atomic.LongAdder;

/** What went unnoticed otherwise; counted since the device was opened. Thread-safe. */
public final class EngineCounters {
  final LongAdder metadataUpdatesFailed = new LongAdder();
  final LongAdder discardsIgnored = new LongAdder();

  EngineCounters() {}

  /**
   * Returns how often regions were complete but could not be marked.
   *
   * @return count of claims
   */
  public long metadataUpdatesFailed() {
    return metadataUpdatesFailed.sum();
  }

  /**
   * Returns how often a discard of unhydrated regions was ignored, as the metadata is read-only.
   *
   * @return count of runs of regions
   */
  public long discardsIgnored() {
    return discardsIgnored.sum();
  }
}
