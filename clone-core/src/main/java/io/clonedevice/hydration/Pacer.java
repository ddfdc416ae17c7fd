package io.clonedevice.hydration;

/**
 * When the next background copy may start: after the pauses that the largest share of time and the
 * largest rate demand; and while requests are in flight only as often as the smallest share of time
 * demands. Confined to the hydrator agent.
 */
final class Pacer {
  /** How soon to look again while requests hold hydration up. */
  private static final long YIELD_CHECK_NS = 1_000_000;

  private static final long NS_PER_SECOND = 1_000_000_000;

  private final Hydration settings;
  private final long bytesPerSecondMax;
  private long notBeforeNs;
  private long floorNs;

  Pacer(Hydration settings, long nowNs) {
    this.settings = settings;
    this.bytesPerSecondMax = settings.bytesPerSecondMax();
    this.notBeforeNs = nowNs;
    this.floorNs = nowNs;
  }

  /**
   * Returns how long to wait before the next copy.
   *
   * @param copiesInFlight of this device, by the hydrator
   * @return nanoseconds; 0 to start now
   */
  long delayNs(long nowNs, boolean requestsInFlight, int copiesInFlight) {
    long paced = notBeforeNs - nowNs;
    if (paced > 0) {
      return paced;
    }
    if (settings.timeShareMax() < 100 && copiesInFlight > 0) {
      return YIELD_CHECK_NS;
    }
    if (!requestsInFlight || settings.timeShareMin() == 100) {
      return 0;
    }
    if (settings.timeShareMin() == 0 || copiesInFlight > 0) {
      return YIELD_CHECK_NS;
    }
    return Math.max(0, Math.min(floorNs - nowNs, YIELD_CHECK_NS));
  }

  void copyStarted(long nowNs, long bytes) {
    if (bytesPerSecondMax != Long.MAX_VALUE) {
      double ns = (double) bytes * NS_PER_SECOND / bytesPerSecondMax;
      notBeforeNs = Math.max(notBeforeNs, nowNs) + (long) ns;
    }
  }

  void copyEnded(long nowNs, long durationNs) {
    int most = settings.timeShareMax();
    if (most < 100) {
      notBeforeNs = Math.max(notBeforeNs, nowNs + durationNs * (100 - most) / most);
    }
    int least = settings.timeShareMin();
    if (least > 0) {
      floorNs = nowNs + durationNs * (100 - least) / least;
    }
  }
}
