package io.clonedevice.hydration;

import io.clonedevice.engine.BackgroundChoice;
import io.clonedevice.engine.Claim;
import io.clonedevice.engine.CloneEngine;
import io.clonedevice.engine.HydrationSignals;
import io.clonedevice.metadata.MetadataMode;
import java.util.ArrayDeque;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hydration of one device: the agent's view of it (cursor, pace, failures) and the switches
 * that any thread may turn.
 *
 * <p>{@link #work} and the handlers of records are called by the hydrator loop, under this object's
 * monitor, which only {@link #close} contends for.
 */
public final class DeviceHydrator implements HydrationSignals {
  /** Nothing to do until somebody signals. */
  static final long NEVER = Long.MAX_VALUE;

  private static final Logger LOG = LoggerFactory.getLogger(DeviceHydrator.class);
  private static final long COMMIT_PERIOD_NS = 1_000_000_000;
  private static final long RECHECK_NS = 1_000_000;
  private static final int READ_HINTS_MAX = 64;

  private final int id;
  private final HydratorAgent agent;
  private final CloneEngine engine;
  private final HydrationEvents events;
  private final Hydration settings;
  private final long regionCount;

  // Written by any thread, read by the agent; edge: volatile, then a signal.
  private volatile boolean enabled;
  private volatile long threshold;
  private volatile long batchSize;
  private volatile boolean forgetFailures;

  // Written by the thread whose copy failed, before its record; read by the agent. Edge: the ring.
  private volatile Throwable lastFailure;

  // Any thread; true while a WORK record of this device is on its way, or must be looked for.
  private final AtomicBoolean workSignalled = new AtomicBoolean();

  // Any thread; true from the first mark after a commit tick until the next tick.
  private final AtomicBoolean commitArmed = new AtomicBoolean();

  // Guarded by this, but for the number of copies, which any thread may ask for.
  private final CopyWindow window = new CopyWindow();

  // The fields below: guarded by this.
  private final Pacer pacer;
  private final FailedRanges failed;
  private final ArrayDeque<Long> readHints = new ArrayDeque<>();
  private long commitDueNs = NEVER;
  private long cursor;
  private int copiesInFlight;
  private int failuresInRow;
  private boolean mapReleased;
  private boolean closed;
  private Runnable watch;
  private long watchPeriodNs;
  private long watchDueNs = NEVER;

  // The agent's alone.
  private long deadlineNs = NEVER;

  DeviceHydrator(
      int id,
      HydratorAgent agent,
      CloneEngine engine,
      Hydration settings,
      HydrationEvents events,
      long nowNs,
      Random jitter) {
    this.id = id;
    this.agent = agent;
    this.engine = engine;
    this.settings = settings;
    this.events = events;
    this.regionCount = engine.geometry().regionCount();
    this.enabled = settings.isEnabled();
    this.threshold = settings.threshold();
    this.batchSize = settings.batchSize();
    this.pacer = new Pacer(settings, nowNs);
    this.failed = new FailedRanges(settings, jitter);
  }

  int id() {
    return id;
  }

  long deadlineNs() {
    return deadlineNs;
  }

  void deadlineNs(long newDeadlineNs) {
    deadlineNs = newDeadlineNs;
  }

  // ---- any thread

  /**
   * Begins to work; once, after {@link CloneEngine#start}: the agent's thread may start copies
   * while this runs, and an engine that has not started could not end them.
   */
  public void start() {
    agent.takeOn(this);
  }

  /**
   * Returns whether background hydration is on.
   *
   * @return whether on
   */
  public boolean isEnabled() {
    return enabled;
  }

  /**
   * Turns background hydration on or off; copies in flight end normally.
   *
   * @param on whether on
   */
  public void enable(boolean on) {
    if (on) {
      forgetFailures = true;
    }
    enabled = on;
    work();
  }

  /**
   * Returns how many regions may be copied at once, now if it is the hydrator's own choice.
   *
   * @return regions
   */
  public long threshold() {
    long given = threshold;
    return given == Hydration.SELF_TUNED ? regionsOf(window.copies()) : given;
  }

  private long regionsOf(int copies) {
    return Math.min(Hydration.REGIONS_MAX, copies * Math.max(1, batchSize));
  }

  /**
   * Sets how many regions may be copied at once.
   *
   * @param regions 0 to 2^32 - 1
   * @throws IllegalArgumentException if out of range
   */
  public void threshold(long regions) {
    threshold = Hydration.checkRegions("threshold", regions);
    work();
  }

  /**
   * Returns how many adjacent regions are joined into one copy.
   *
   * @return regions
   */
  public long batchSize() {
    return batchSize;
  }

  /**
   * Sets how many adjacent regions are joined into one copy.
   *
   * @param regions 0 to 2^32 - 1
   * @throws IllegalArgumentException if out of range
   */
  public void batchSize(long regions) {
    batchSize = Hydration.checkRegions("batch size", regions);
    work();
  }

  @Override
  public void work() {
    if (workSignalled.compareAndSet(false, true)) {
      agent.hint(HydrationRecord.WORK, id, 0, 0);
    }
  }

  @Override
  public void changed() {
    if (!commitArmed.get() && commitArmed.compareAndSet(false, true)) {
      work();
    }
  }

  @Override
  public void unhydratedRead(long firstRegion, long count) {
    if (settings.isOnRead()) {
      wantedSoon(firstRegion, count);
    }
  }

  @Override
  public void wantedSoon(long firstRegion, long count) {
    agent.hint(HydrationRecord.WANTED_SOON, id, firstRegion, count);
  }

  /**
   * Runs a check again and again, by the hydrator loop, until {@link #close}.
   *
   * @param periodNs time between two checks, and before the first
   * @param check returns at once
   */
  public void watch(long periodNs, Runnable check) {
    synchronized (this) {
      watch = check;
      watchPeriodNs = periodNs;
    }
    work();
  }

  /** Stops for good; when this returns the hydrator no longer touches the device. */
  public void close() {
    synchronized (this) {
      closed = true;
    }
    agent.forget(this);
  }

  // ---- the hydrator loop

  /** Starts what may start now; returns when to be called again if nobody signals before. */
  synchronized long work(long nowNs) {
    workSignalled.set(false);
    if (closed) {
      return NEVER;
    }
    try {
      long next = Math.min(tickWatch(nowNs), tickCommit(nowNs));
      forgetHydratedFailures();
      return Math.min(next, engine.isHydrationCompleted() ? releaseMap(nowNs) : hydrate(nowNs));
    } catch (RuntimeException | Error e) {
      // One device's trouble must not stop the others; its own commits go on.
      LOG.error("hydration stopped unexpectedly", e);
      enabled = false;
      events.hydrationStopped(e);
      return nowNs + COMMIT_PERIOD_NS;
    }
  }

  synchronized void regionsWanted(long firstRegion, long count) {
    // A hint leads to one copy, which joins as many regions as a batch has.
    long step = Math.max(1, batchSize);
    long end = firstRegion + count;
    for (long region = firstRegion;
        region < end && readHints.size() < READ_HINTS_MAX;
        region += step) {
      readHints.add(region);
    }
  }

  synchronized void copyEnded(
      long firstRegion, long count, boolean hasFailed, long durationNs, long nowNs) {
    copiesInFlight--;
    long bytes = count * engine.geometry().regionSize();
    pacer.copyEnded(nowNs, durationNs, bytes);
    window.copyEnded(nowNs, durationNs, hasFailed ? 0 : bytes);
    if (closed || engine.metadata().mode() != MetadataMode.READ_WRITE) {
      return;
    }
    // Here, too: the switch may have been turned between the failures counted and this one.
    forgetFailuresIfAsked();
    if (hasFailed) {
      failuresInRow++;
      if (failed.isEmpty()) {
        LOG.warn("hydration failed at region {}", firstRegion, lastFailure);
        events.hydrationFailing(lastFailure);
      }
      failed.failed(firstRegion, count, nowNs);
      if (failuresInRow >= settings.failuresInRowMax() && enabled) {
        enabled = false;
        LOG.error("hydration stopped after {} failures in a row", failuresInRow, lastFailure);
        events.hydrationStopped(lastFailure);
      }
    } else {
      failuresInRow = 0;
      if (!failed.isEmpty()) {
        failed.succeeded(firstRegion, count);
        tellIfRecovered();
      }
    }
  }

  private void forgetFailuresIfAsked() {
    if (forgetFailures) {
      forgetFailures = false;
      failuresInRow = 0;
      failed.clear();
    }
  }

  private void forgetHydratedFailures() {
    if (!failed.isEmpty()) {
      failed.forgetHydrated(engine.metadata().regionMap());
      tellIfRecovered();
    }
  }

  private void tellIfRecovered() {
    if (failed.isEmpty()) {
      LOG.info("hydration works again");
      events.hydrationRecovered();
    }
  }

  private long tickWatch(long nowNs) {
    if (watch != null && (watchDueNs == NEVER || watchDueNs - nowNs <= 0)) {
      if (watchDueNs != NEVER) {
        watch.run();
      }
      watchDueNs = nowNs + watchPeriodNs;
    }
    return watchDueNs;
  }

  private long tickCommit(long nowNs) {
    if (commitArmed.get() && commitDueNs == NEVER) {
      commitDueNs = nowNs + COMMIT_PERIOD_NS;
    }
    if (commitDueNs != NEVER && commitDueNs - nowNs <= 0) {
      // Disarm before the commit begins: what is marked from now on arms the next tick.
      commitArmed.set(false);
      commitDueNs = NEVER;
      engine.commitInBackground();
    }
    return commitDueNs;
  }

  private long releaseMap(long nowNs) {
    if (!mapReleased) {
      mapReleased = engine.releaseRegionMap();
    }
    return mapReleased ? NEVER : nowNs + COMMIT_PERIOD_NS;
  }

  private long hydrate(long nowNs) {
    forgetFailuresIfAsked();
    while (enabled
        && engine.metadata().mode() == MetadataMode.READ_WRITE
        && !engine.isSuspended()
        && !engine.isClosed()) {
      long hydrating = engine.hydratingRegions();
      long given = threshold;
      boolean selfTuned = given == Hydration.SELF_TUNED;
      long allowed = selfTuned ? regionsOf(window.copies() + copiesWaiting(nowNs)) : given;
      long room = allowed - hydrating;
      if (room <= 0) {
        // The end of a background copy signals, that of a copy for a write need not.
        return copiesInFlight > 0 || allowed == 0 ? NEVER : nowNs + RECHECK_NS;
      }
      long unhydrated = regionCount - engine.metadata().regionMap().hydratedCount();
      if (unhydrated <= hydrating) {
        return copiesInFlight > 0 || unhydrated == 0 ? NEVER : nowNs + RECHECK_NS;
      }
      pacer.requestsSeen(nowNs, engine.requestsInFlight(), engine.requestsEntered());
      long delay = pacer.delayNs(nowNs, copiesInFlight);
      if (delay > 0) {
        if (pacer.isYielding(nowNs)) {
          window.heldUp();
        }
        return nowNs + delay;
      }
      if (!agent.tryReserveCopy(this)) {
        window.heldUp();
        return NEVER;
      }
      Claim claim = null;
      try {
        claim = claim(nowNs, Math.min(Math.max(1, batchSize), room));
      } finally {
        if (claim == null) {
          agent.returnCopy();
        }
      }
      if (claim == null) {
        // Whoever holds the claims of ranges that are due need not signal when they end.
        return failed.isEmpty() ? NEVER : Math.max(failed.nextRetryNs(), nowNs + RECHECK_NS);
      }
      start(claim, selfTuned ? window.copies() : Integer.MAX_VALUE, nowNs);
    }
    return NEVER;
  }

  /** How many copies are claimed before their turn, so that no thread waits for this one. */
  private int copiesWaiting(long nowNs) {
    return engine.copiesBlock() && !window.isProbing() && !pacer.isYielding(nowNs) ? 1 : 0;
  }

  private Claim claim(long nowNs, long wanted) {
    BackgroundChoice choice =
        new BackgroundChoice() {
          @Override
          public long firstAllowedFrom(long region) {
            return failed.skip(region, nowNs);
          }

          @Override
          public long regionCountMax(long region) {
            return failed.batchMax(region, wanted);
          }
        };
    while (!readHints.isEmpty()) {
      Claim claim = engine.claimForBackgroundCopy(readHints.poll(), choice);
      if (claim != null) {
        return claim;
      }
    }
    Claim claim = engine.claimForBackgroundCopy(cursor, choice);
    if (claim == null && cursor > 0) {
      claim = engine.claimForBackgroundCopy(0, choice);
    }
    if (claim != null) {
      cursor = claim.firstRegion() + claim.regionCount();
    }
    return claim;
  }

  private void start(Claim claim, int atOnce, long nowNs) {
    long firstRegion = claim.firstRegion();
    long count = claim.regionCount();
    copiesInFlight++;
    pacer.copyStarted(nowNs, count * engine.geometry().regionSize());
    engine.copyInBackground(
        claim,
        atOnce,
        failure -> {
          if (failure != null) {
            lastFailure = failure;
          }
          agent.copyEnded(id, firstRegion, count, failure != null, nowNs);
        });
  }
}
