package io.clonedevice.engine;

import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.IoCompletion;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What a discard of whole regions does to the destination: passed down, zeroed, or nothing.
 *
 * <p>Passed-down ranges are split at region boundaries within the destination's limit, so no region
 * is cut in two.
 */
public final class DiscardPolicy {
  /** Without passdown: the largest discard is the largest multiple of a region below this. */
  private static final long OWN_LIMIT = 1L << 32;

  private final CloneEngine engine;
  private final RegionGeometry geometry;
  private final StoreAccess destination;
  private final DiscardSupport below;
  private final boolean passdown;
  private final boolean zeroesBelow;
  private final boolean readsZeroes;
  private final String passdownDisabledReason;

  DiscardPolicy(
      CloneEngine engine, StoreAccess destination, boolean passdownWanted, boolean readsZeroes) {
    this.engine = engine;
    this.geometry = engine.geometry();
    this.destination = destination;
    this.below = destination.store().discardSupport();
    this.readsZeroes = readsZeroes;
    this.passdownDisabledReason = passdownWanted ? reasonAgainst(destination.store()) : null;
    this.passdown = passdownWanted && passdownDisabledReason == null;
    this.zeroesBelow = passdown && below.readsZeroes() && regionsAreWholeUnitsBelow();
  }

  /**
   * Returns whether discards go on to the destination now.
   *
   * @return whether passdown is on
   */
  public boolean isPassdown() {
    return passdown;
  }

  /**
   * Returns why passdown is off although it was wanted.
   *
   * @return the warning that was logged, or {@code null}
   */
  public String passdownDisabledReason() {
    return passdownDisabledReason;
  }

  /**
   * Returns what a discard of the clone device does now.
   *
   * @return granularity and largest length in bytes, and whether what was discarded reads zeroes
   */
  public DiscardSupport support() {
    long regionSize = geometry.regionSize();
    long granularity = passesDown() ? Math.max(regionSize, below.granularity()) : regionSize;
    long lengthMax = passdown ? passdownLengthMax() : wholeRegions(OWN_LIMIT - 1);
    // Without metadata to write to, a discard may be ignored.
    boolean zeroes = readsZeroes || (zeroesBelow && isRecorded());
    return new DiscardSupport(true, granularity, lengthMax, zeroes);
  }

  private boolean isRecorded() {
    return engine.metadata().mode() == MetadataMode.READ_WRITE;
  }

  /** The regions are hydrated; the request's caller races with nobody but itself. */
  void discardHydrated(Request request, long firstRegion, long endRegion) {
    if (passdown || readsZeroes) {
      request.addPart();
      erase(request, firstRegion, endRegion, request);
    }
  }

  /** The regions are unhydrated and claimed for this discard. */
  void discardClaimed(Request request, Claim claim) {
    request.addPart();
    if (readsZeroes || passdown) {
      // Erased first: a commit meanwhile must not record a region that still holds old bytes, and
      // a write that comes after the discard waits for it on the claim.
      erase(
          request,
          claim.firstRegion(),
          claim.endRegion(),
          failure -> {
            Throwable outcome = engine.copies().settle(claim, failure);
            request.completed(failure == null ? ignoreUnrecorded(request, outcome) : failure);
          });
    } else {
      request.completed(ignoreUnrecorded(request, engine.copies().settle(claim, null)));
    }
  }

  /** The regions are unhydrated, and no mark can be set in this metadata mode. */
  void discardUnrecorded(Request request, long firstRegion) {
    if (mustLeaveZeroes(request)) {
      request.addPart();
      request.completed(engine.modeException("discard of unhydrated region " + firstRegion));
    } else {
      engine.counters().discardsIgnored.increment();
    }
  }

  /**
   * A discard is a hint, unless it must leave zeroes: where it could not be recorded it succeeds
   * and has no effect.
   */
  private Throwable ignoreUnrecorded(Request request, Throwable outcome) {
    return mustLeaveZeroes(request) ? outcome : null;
  }

  private boolean mustLeaveZeroes(Request request) {
    return readsZeroes || (zeroesBelow && request.isOfStore());
  }

  private void erase(Request request, long firstRegion, long endRegion, IoCompletion completion) {
    long from = geometry.offsetOf(firstRegion);
    long end = geometry.endOf(endRegion - 1);
    if (passesDown()) {
      passDown(request, from, end, passdownLengthMax(), completion);
    } else {
      engine.copies().zero(request.continuations(), from, end, completion);
    }
  }

  /** Whether the destination gets discards, and not zeroes because its discard leaves none. */
  private boolean passesDown() {
    return passdown && (zeroesBelow || !readsZeroes);
  }

  /** What the destination says of zeroes holds for its units; one may be cut by its own end. */
  private boolean regionsAreWholeUnitsBelow() {
    long unit = below.granularity();
    long deviceSize = geometry.deviceSize();
    return geometry.regionSize() % unit == 0
        && (deviceSize % unit == 0 || deviceSize == destination.store().size());
  }

  private void passDown(
      Request request, long from, long end, long lengthMax, IoCompletion completion) {
    long calls = callsFor(end - from, lengthMax);
    IoCompletion all = calls == 1 ? completion : new Countdown(calls, completion);
    long position = from;
    for (long call = 0; call < calls; call++) {
      long length = Math.min(lengthMax, end - position);
      destination.discard(position, length, request.continuations(), all);
      position += length;
    }
  }

  /** How many calls a range takes: up to one a region, so more than an {@code int} can count. */
  static long callsFor(long length, long lengthMax) {
    return (length - 1) / lengthMax + 1;
  }

  /** The longest discard that the destination takes and that cuts no region; 0 if there is none. */
  private long passdownLengthMax() {
    return below.maxLength() >= geometry.deviceSize()
        ? geometry.deviceSize()
        : wholeRegions(below.maxLength());
  }

  private long wholeRegions(long length) {
    return length / geometry.regionSize() * geometry.regionSize();
  }

  private String reasonAgainst(BlockStore store) {
    String reason =
        !below.supported()
            ? "discard unsupported"
            : passdownLengthMax() == 0 ? "max discard sectors smaller than a region" : null;
    return reason == null
        ? null
        : "Destination device (" + store.name() + ") " + reason + ": Disabling discard passdown.";
  }

  /** Completes when the last of several calls has; with the first failure. */
  private static final class Countdown implements IoCompletion {
    private final AtomicLong left;
    private final AtomicReference<Throwable> first = new AtomicReference<>();
    private final IoCompletion completion;

    Countdown(long calls, IoCompletion completion) {
      this.left = new AtomicLong(calls);
      this.completion = completion;
    }

    @Override
    public void completed(Throwable failure) {
      if (failure != null) {
        first.compareAndSet(null, failure);
      }
      if (left.decrementAndGet() == 0) {
        completion.completed(first.get());
      }
    }
  }
}
