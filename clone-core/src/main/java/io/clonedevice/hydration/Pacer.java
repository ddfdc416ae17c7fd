package io.clonedevice.hydration;

import io.clonedevice.store.RecentUse;

/**
 * When the next background copy may start: after the pauses that the largest share of time and the
 * largest rate demand; and while the device is in use only as often as the smallest share of time
 * demands. Confined to the hydrator agent.
 *
 * <p>Of the time of a copy only what it works counts. One that takes long for its bytes waits for a
 * source that is far away, which is in nobody's way, so the next need not wait for its end.
 */
final class Pacer {
  /** How soon to look again after copies in flight. */
  private static final long CHECK_NS = 1_000_000;

  /** What takes longer than this (500 MB/s) waits. */
  private static final double WORK_NS_PER_BYTE_MAX = 2;

  private static final long NS_PER_SECOND = 1_000_000_000;

  private final Hydration settings;
  private final long bytesPerSecondMax;
  private final RecentUse requests;
  private long notBeforeNs;
  private long lastStartNs;
  private long lastBytes;
  private double workNsPerByte = WORK_NS_PER_BYTE_MAX;

  Pacer(Hydration settings, long nowNs) {
    this.settings = settings;
    this.bytesPerSecondMax = settings.bytesPerSecondMax();
    this.requests = new RecentUse(nowNs);
    this.notBeforeNs = nowNs;
    this.lastStartNs = nowNs;
  }

  /**
   * Takes notice of requests.
   *
   * @param inFlight how many there are now
   * @param entered how many there have been, modulo 2^32
   */
  void requestsSeen(long nowNs, long inFlight, int entered) {
    requests.look(nowNs, inFlight, entered);
  }

  /** Returns whether requests hold hydration up. */
  boolean isYielding(long nowNs) {
    return requests.remainingNs(nowNs) > 0 && settings.timeShareMin() < 100;
  }

  /**
   * Returns how long to wait before the next copy.
   *
   * @param copiesInFlight of this device, by the hydrator
   * @return nanoseconds; 0 to start now
   */
  long delayNs(long nowNs, int copiesInFlight) {
    long paced = notBeforeNs - nowNs;
    if (paced > 0) {
      return paced;
    }
    if (settings.timeShareMax() < 100 && copiesInFlight > 0) {
      return CHECK_NS;
    }
    if (!isYielding(nowNs)) {
      return 0;
    }
    long free = requests.remainingNs(nowNs);
    boolean working = copiesInFlight > 0 && workNsPerByte < WORK_NS_PER_BYTE_MAX;
    if (settings.timeShareMin() == 0 || working) {
      return free;
    }
    double periodNs = workNsPerByte * lastBytes * 100 / settings.timeShareMin();
    return Math.max(0, Math.min(lastStartNs + (long) periodNs - nowNs, free));
  }

  void copyStarted(long nowNs, long bytes) {
    if (bytesPerSecondMax != Long.MAX_VALUE) {
      double ns = (double) bytes * NS_PER_SECOND / bytesPerSecondMax;
      notBeforeNs = Math.max(notBeforeNs, nowNs) + (long) ns;
    }
    lastStartNs = nowNs;
    lastBytes = bytes;
  }

  void copyEnded(long nowNs, long durationNs, long bytes) {
    int most = settings.timeShareMax();
    if (most < 100) {
      notBeforeNs = Math.max(notBeforeNs, nowNs + durationNs * (100 - most) / most);
    }
    workNsPerByte = Math.min((double) durationNs / bytes, WORK_NS_PER_BYTE_MAX);
  }
}
