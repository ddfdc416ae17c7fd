package io.clonedevice.engine;

import io.clonedevice.engine.Claim.Purpose;
import io.clonedevice.metadata.RegionMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongFunction;

/**
 * Who is changing which unhydrated regions: at most one claim a region.
 *
 * <p>A region's life: unhydrated and free, claimed, then either hydrated (its bit is set
 * <em>before</em> the claim is released) or, after a failure, unhydrated and free again. So whoever
 * finds a region neither claimed nor hydrated under the lock of this table may claim it, and nobody
 * ever copies over bytes that came later.
 *
 * <p>Claims are taken without waiting for other claims, so nothing can deadlock: a request that
 * meets a claim leaves a {@link Waiter} on it and holds nothing meanwhile.
 *
 * <p>Thread-safe.
 */
public final class ClaimTable {
  /** What came of an attempt to claim. */
  sealed interface Attempt {
    /** The caller holds this claim, on a prefix of what it asked for. */
    record Taken(Claim claim) implements Attempt {}

    /**
     * Somebody else holds the first regions; the caller's waiter stands for them until {@code end}.
     */
    record Queued(long endRegion) implements Attempt {}

    /** The first region is hydrated by now. */
    record Hydrated() implements Attempt {}
  }

  private static final Attempt HYDRATED = new Attempt.Hydrated();

  private final RegionMap map;
  private final long regionCount;
  private final Waiting waiting;
  private final Object lock = new Object();

  // Guarded by lock; keyed by the claim's first region; the ranges do not overlap.
  private final TreeMap<Long, Claim> claims = new TreeMap<>();

  // Guarded by lock.
  private boolean backgroundPaused;

  ClaimTable(RegionMap map, long regionCount, Waiting waiting) {
    this.map = map;
    this.regionCount = regionCount;
    this.waiting = waiting;
  }

  /**
   * Claims the longest prefix of a range that is unhydrated and free, or queues on the claim that
   * holds its first region.
   */
  Attempt attempt(
      long firstRegion, long endRegion, Purpose purpose, LongFunction<Waiter> waiterUntil) {
    synchronized (lock) {
      Claim held = holderOf(firstRegion);
      if (held != null) {
        long end = Math.min(endRegion, held.endRegion());
        held.waiters.add(waiterUntil.apply(end));
        return new Attempt.Queued(end);
      }
      if (map.isHydrated(firstRegion)) {
        return HYDRATED;
      }
      return new Attempt.Taken(take(firstRegion, endRegion, purpose));
    }
  }

  /**
   * Claims the next regions that are unhydrated and free for a background copy.
   *
   * @param fromRegion where to begin to look; no wrap-around
   * @param choice which of them may be copied now
   * @return the claim, or {@code null} if there is nothing to claim from there on
   */
  Claim claimForBackgroundCopy(long fromRegion, BackgroundChoice choice) {
    long region = fromRegion;
    while (true) {
      // The search may be long, so it runs without the lock; what it finds is checked again.
      region = map.nextUnhydrated(region);
      if (region >= regionCount) {
        return null;
      }
      long allowed = choice.firstAllowedFrom(region);
      if (allowed > region) {
        region = Math.min(allowed, regionCount);
        continue;
      }
      synchronized (lock) {
        if (backgroundPaused) {
          return null;
        }
        Claim held = holderOf(region);
        if (held != null) {
          region = held.endRegion();
        } else if (!map.isHydrated(region)) {
          long end = region + Math.min(choice.regionCountMax(region), regionCount - region);
          return take(region, end, Purpose.BACKGROUND_COPY);
        }
      }
    }
  }

  /**
   * Ends a claim; after its regions were marked hydrated, or after a failure.
   *
   * @return who waited for it, in order of arrival
   */
  List<Waiter> release(Claim claim) {
    synchronized (lock) {
      if (!claims.remove(claim.firstRegion(), claim)) {
        throw new IllegalStateException("released twice: " + claim);
      }
      if (claims.isEmpty()) {
        lock.notifyAll();
      }
      return claim.waiters;
    }
  }

  /** From now on no claim for a background copy is given out, until {@link #resumeBackground}. */
  void pauseBackground() {
    synchronized (lock) {
      backgroundPaused = true;
    }
  }

  void resumeBackground() {
    synchronized (lock) {
      backgroundPaused = false;
    }
  }

  /** Waits until no region is claimed. */
  void awaitEmpty() {
    waiting.until(lock, claims::isEmpty);
  }

  boolean isEmpty() {
    synchronized (lock) {
      return claims.isEmpty();
    }
  }

  private Claim holderOf(long region) {
    Map.Entry<Long, Claim> entry = claims.floorEntry(region);
    return entry != null && entry.getValue().endRegion() > region ? entry.getValue() : null;
  }

  private Claim take(long firstRegion, long endRegion, Purpose purpose) {
    Long nextClaimed = claims.higherKey(firstRegion);
    long limit = nextClaimed == null ? endRegion : Math.min(endRegion, nextClaimed);
    // Bits are set only for claimed regions, so the run cannot change under this lock.
    Claim claim = new Claim(firstRegion, map.endOfRun(firstRegion, limit), purpose);
    claims.put(firstRegion, claim);
    return claim;
  }
}
