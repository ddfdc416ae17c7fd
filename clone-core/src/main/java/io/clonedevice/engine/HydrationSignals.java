package io.clonedevice.engine;

/** What the engine tells the hydrator; called on any thread, returns at once, never throws. */
public interface HydrationSignals {
  /** Something changed that may let the hydrator start or end work. */
  void work();

  /** A region was marked: a commit is due within a second. */
  void changed();

  /**
   * Regions were read from the source; a hint that may be dropped.
   *
   * @param firstRegion first region read
   * @param regionCount how many regions
   */
  void unhydratedRead(long firstRegion, long regionCount);

  /**
   * Regions will be wanted soon; a hint that may be dropped.
   *
   * @param firstRegion first of them
   * @param regionCount how many regions; positive
   */
  void wantedSoon(long firstRegion, long regionCount);
}
