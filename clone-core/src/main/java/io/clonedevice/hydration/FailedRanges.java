package io.clonedevice.hydration;

import io.clonedevice.metadata.RegionMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Ranges whose background copy failed, and when each may be tried again: the delay doubles with
 * each failure of a range and varies by a quarter, so that many ranges do not come back at once.
 * Confined to the hydrator agent.
 */
final class FailedRanges {
  private static final long NS_PER_MS = 1_000_000;
  private static final int DOUBLINGS_MAX = 31;

  private record Range(long endRegion, int failures, long retryNs) {}

  private final Hydration settings;
  private final Random jitter;
  private final TreeMap<Long, Range> ranges = new TreeMap<>();

  FailedRanges(Hydration settings, Random jitter) {
    this.settings = settings;
    this.jitter = jitter;
  }

  /** A copy failed. A range that fails again, or a part of it, waits longer. */
  void failed(long firstRegion, long regionCount, long nowNs) {
    long endRegion = firstRegion + regionCount;
    int failures = 1;
    Map.Entry<Long, Range> known = ranges.floorEntry(firstRegion);
    if (known != null && known.getValue().endRegion() > firstRegion) {
      failures = known.getValue().failures() + 1;
      cut(known, firstRegion, endRegion);
    }
    long delayMs =
        Math.min(
            settings.retryDelayMaxMs(),
            (long) settings.retryDelayMinMs() << Math.min(failures - 1, DOUBLINGS_MAX));
    long delayNs = delayMs * NS_PER_MS;
    long varied = delayNs - delayNs / 8 + (long) (jitter.nextDouble() * (delayNs / 4.0));
    ranges.put(firstRegion, new Range(endRegion, failures, nowNs + varied));
  }

  /** A copy of exactly these regions succeeded. */
  void succeeded(long firstRegion, long regionCount) {
    Map.Entry<Long, Range> known = ranges.floorEntry(firstRegion);
    if (known != null && known.getValue().endRegion() > firstRegion) {
      cut(known, firstRegion, firstRegion + regionCount);
    }
  }

  /** Forgets the ranges that somebody else has hydrated meanwhile: a write or a discard. */
  void forgetHydrated(RegionMap map) {
    ranges
        .entrySet()
        .removeIf(
            range -> {
              long first = range.getKey();
              long end = range.getValue().endRegion();
              return map.isHydrated(first) && map.endOfRun(first, end) == end;
            });
  }

  /**
   * Returns the end of the range around a region that must not be tried yet, or the region itself
   * if it may be tried.
   */
  long skip(long region, long nowNs) {
    Map.Entry<Long, Range> known = ranges.floorEntry(region);
    boolean waits =
        known != null
            && known.getValue().endRegion() > region
            && known.getValue().retryNs() - nowNs > 0;
    return waits ? known.getValue().endRegion() : region;
  }

  /**
   * Returns how many regions from this one on may be copied together: single ones inside a range
   * that failed, so that one bad region does not hold up its neighbours; otherwise up to the next
   * such range.
   */
  long batchMax(long region, long wanted) {
    Map.Entry<Long, Range> known = ranges.floorEntry(region);
    if (known != null && known.getValue().endRegion() > region) {
      return 1;
    }
    Long next = ranges.higherKey(region);
    return next == null ? wanted : Math.min(wanted, next - region);
  }

  boolean isEmpty() {
    return ranges.isEmpty();
  }

  /** Returns when the first range may be tried again, {@code Long.MAX_VALUE} if there is none. */
  long nextRetryNs() {
    long next = Long.MAX_VALUE;
    for (Range range : ranges.values()) {
      next = Math.min(next, range.retryNs());
    }
    return next;
  }

  void clear() {
    ranges.clear();
  }

  private void cut(Map.Entry<Long, Range> known, long firstRegion, long endRegion) {
    Range range = known.getValue();
    if (known.getKey() < firstRegion) {
      ranges.put(known.getKey(), new Range(firstRegion, range.failures(), range.retryNs()));
    } else {
      ranges.remove(known.getKey());
    }
    if (endRegion < range.endRegion()) {
      ranges.put(endRegion, new Range(range.endRegion(), range.failures(), range.retryNs()));
    }
  }
}
