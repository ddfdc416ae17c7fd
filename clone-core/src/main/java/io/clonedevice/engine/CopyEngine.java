package io.clonedevice.engine;

import io.clonedevice.engine.Claim.Purpose;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Brings claimed regions to the destination and ends their claims.
 *
 * <p>The order that everything rests on is in {@link #settle}: bytes complete, then marked, then
 * released, then those who waited go on. Thread-safe.
 */
final class CopyEngine {
  private final CloneEngine engine;
  private final RegionGeometry geometry;
  private final StoreAccess source;
  private final StoreAccess destination;
  private final Executor executor;
  private final CopyExecutor copyExecutor;
  private final CopyLanes lanes;
  private final Preallocation preallocation;
  private final boolean blocking;

  // Regions being copied, by the hydrator and for writes. Any thread, atomically.
  private final AtomicLong hydratingRegions = new AtomicLong();

  CopyEngine(
      CloneEngine engine,
      StoreAccess source,
      StoreAccess destination,
      Executor executor,
      CopyExecutor copyExecutor) {
    this.engine = engine;
    this.geometry = engine.geometry();
    this.source = source;
    this.destination = destination;
    this.executor = executor;
    this.copyExecutor = copyExecutor;
    this.lanes = new CopyLanes(copyExecutor);
    this.preallocation = new Preallocation(engine, source.store(), destination.store());
    this.blocking = blocksOrReturns(source.store()) && blocksOrReturns(destination.store());
  }

  long hydratingRegions() {
    return hydratingRegions.get();
  }

  /** Whether a copy keeps a thread until it ends. */
  boolean isBlocking() {
    return blocking;
  }

  /** Copies on the executor for copies; {@code completion} is told after the claim was released. */
  void copyInBackground(Claim claim, int atOnce, IoCompletion completion) {
    hydratingRegions.addAndGet(claim.regionCount());
    IoCompletion settled = failure -> completion.completed(settle(claim, failure));
    Runnable copy = () -> copy(claim, settled);
    try {
      if (blocking) {
        lanes.run(copy, atOnce);
      } else {
        copyExecutor.execute(copy);
      }
    } catch (RuntimeException | Error e) {
      settled.completed(e);
    }
  }

  private void copy(Claim claim, IoCompletion completion) {
    long from = geometry.offsetOf(claim.firstRegion());
    long end = geometry.endOf(claim.endRegion() - 1);
    if (blocking) {
      completion.run(
          () -> {
            preallocation.before(claim);
            source.store().copyTo(from, destination.store(), from, end - from);
          });
    } else {
      new CopyTask(source, destination, copyExecutor, from, end, null, from, completion).start();
    }
  }

  /** Copies a claimed region with a part of a write, the data at {@code position}, laid over it. */
  void copyWithOverlay(Claim claim, Request request, long position, ByteBuffer data) {
    hydratingRegions.addAndGet(claim.regionCount());
    new CopyTask(
            source,
            destination,
            request.continuations(),
            geometry.offsetOf(claim.firstRegion()),
            geometry.endOf(claim.endRegion() - 1),
            data,
            position,
            failure -> request.completed(settle(claim, failure)))
        .start();
  }

  /** Writes zeroes. */
  void zero(Executor continuations, long from, long end, IoCompletion completion) {
    new CopyTask(null, destination, continuations, from, end, null, from, completion).start();
  }

  /**
   * Ends a claim: mark before release. The regions' bytes are complete on the destination if {@code
   * failure} is {@code null}.
   *
   * @return why the regions are not hydrated, {@code null} if they are
   */
  Throwable settle(Claim claim, Throwable failure) {
    Throwable outcome = failure == null ? mark(claim) : failure;
    if (claim.isCopy()) {
      hydratingRegions.addAndGet(-claim.regionCount());
    }
    List<Waiter> waiters = engine.claims().release(claim);
    if (outcome == null) {
      engine.signals().changed();
      if (engine.regionMap().hydratedCount() == geometry.regionCount()) {
        engine.commitInBackground();
      }
    } else {
      engine.signals().work();
    }
    resume(waiters, claim, outcome);
    return outcome;
  }

  private Throwable mark(Claim claim) {
    try {
      engine.metadata().markHydrated(claim.firstRegion(), claim.regionCount());
      return null;
    } catch (IOException | RuntimeException | Error e) {
      engine.counters().metadataUpdatesFailed.increment();
      return e;
    }
  }

  /**
   * A failed copy that nobody asked for is no failure of those who met it: they go on as if it had
   * not been there. A failed claim of a request fails them all (dm-clone does so too).
   */
  private void resume(List<Waiter> waiters, Claim claim, Throwable failure) {
    boolean fails = failure != null && claim.purpose() != Purpose.BACKGROUND_COPY;
    Consumer<Waiter> next = fails ? waiter -> waiter.fail(failure) : Waiter::resume;
    List<Waiter> inOrder = new ArrayList<>(waiters.size());
    for (Waiter waiter : waiters) {
      if (waiter.request().runsOnCaller()) {
        waiter.request().continuations().execute(() -> next.accept(waiter));
      } else {
        inOrder.add(waiter);
      }
    }
    if (!inOrder.isEmpty()) {
      // Not on this thread, which has still to tell the request whose claim it was.
      try {
        executor.execute(() -> InTurn.forEach(inOrder, next));
      } catch (RuntimeException | Error e) {
        InTurn.forEach(inOrder, waiter -> waiter.fail(fails ? failure : e));
      }
    }
  }

  private static boolean blocksOrReturns(BlockStore store) {
    return store.execution() != BlockStore.Execution.ASYNCHRONOUS;
  }
}
