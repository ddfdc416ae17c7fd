package io.clonedevice.engine;

import io.clonedevice.engine.Claim.Purpose;
import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataModeException;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.RegionMap;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One clone device without its hydrator: takes requests in, routes them, keeps claims and commits.
 *
 * <p>Invariants, by the words to search for: <em>mark before release</em> (a region's bit is set
 * before its claim ends), <em>bytes first</em> (the destination is flushed before what was frozen
 * is written), <em>leave before telling</em> (a request is out of the gate before its future
 * completes).
 *
 * <p>Thread-safe.
 */
public final class CloneEngine {
  private final BlockStore source;
  private final BlockStore destination;
  private final CloneMetadata metadata;
  private final RegionGeometry geometry;
  private final int logicalBlockSize;
  private final Executor executor;
  private final Executor copyExecutor;
  private final EngineEvents events;

  // Written once, by the thread that opens the device, before the first request; edge: volatile.
  private volatile HydrationSignals signals;

  private final StoreAccess sourceAccess;
  private final StoreAccess destinationAccess;
  private final boolean needsExecutor;
  private final boolean copiesDirectly;
  private final RequestGate gate = new RequestGate();
  private final ClaimTable claims;
  private final RequestRouter router;
  private final CommitPipeline pipeline;
  private final DiscardPolicy discards;
  private final EngineCounters counters = new EngineCounters();

  // Held by suspend and resume from beginning to end: half of one between the halves of the other
  // would leave a device whose requests go on and whose hydration does not.
  private final Object suspension = new Object();

  // Regions being copied, by the hydrator and for writes. Any thread, atomically.
  private final AtomicLong hydratingRegions = new AtomicLong();

  // Set once, by the thread that ends the last commit or opens a finished clone.
  private final AtomicBoolean hydrationCompleted = new AtomicBoolean();

  /**
   * Makes an engine; nothing runs before {@link #start}.
   *
   * @param source where unhydrated regions are read; stays the caller's to close
   * @param destination where hydrated regions are; stays the caller's to close
   * @param metadata open metadata; stays the caller's to close
   * @param executor runs requests and commits, which may block
   * @param copyExecutor runs background copies, which may block
   * @param options how discards are treated
   * @param events told what happens
   */
  public CloneEngine(
      BlockStore source,
      BlockStore destination,
      CloneMetadata metadata,
      Executor executor,
      Executor copyExecutor,
      Options options,
      EngineEvents events) {
    this.source = source;
    this.destination = destination;
    this.metadata = metadata;
    this.geometry = metadata.geometry();
    this.logicalBlockSize = Math.max(source.logicalBlockSize(), destination.logicalBlockSize());
    this.executor = executor;
    this.copyExecutor = copyExecutor;
    this.events = events;
    this.sourceAccess = new StoreAccess(source, mayBlock(destination));
    this.destinationAccess = new StoreAccess(destination, mayBlock(source));
    this.needsExecutor = mayBlock(source) || mayBlock(destination);
    this.copiesDirectly =
        source.execution() != BlockStore.Execution.ASYNCHRONOUS
            && destination.execution() != BlockStore.Execution.ASYNCHRONOUS;
    this.claims = new ClaimTable(metadata.regionMap(), geometry.regionCount());
    this.pipeline = new CommitPipeline(metadata, destination, events, this::checkCompletion);
    this.discards =
        new DiscardPolicy(
            this, destinationAccess, options.discardPassdown(), options.discardedReadsZeroes());
    this.router = new RequestRouter(this, sourceAccess, destinationAccess);
  }

  /**
   * How discards are treated.
   *
   * @param discardPassdown whether the destination gets them, if it can
   * @param discardedReadsZeroes whether a discarded region reads zeroes afterwards, always
   */
  public record Options(boolean discardPassdown, boolean discardedReadsZeroes) {}

  /**
   * Begins to work.
   *
   * @param hydrator woken when it may have something to do
   * @param suspended whether requests wait for the first {@link #resume}
   */
  public void start(HydrationSignals hydrator, boolean suspended) {
    signals = hydrator;
    if (suspended) {
      gate.suspend();
      claims.pauseBackground();
    }
    checkCompletion();
    signals.work();
  }

  // ---- requests

  /**
   * Reads; never blocks on I/O.
   *
   * @param offset first byte
   * @param target filled from position to limit
   * @return completes when the buffer is filled
   */
  public CompletableFuture<Void> read(long offset, ByteBuffer target) {
    checkTarget(target);
    checkRange("read", offset, target.remaining());
    return submit(
        new Request(this, executor, router::read, offset, target.remaining(), target, false));
  }

  /**
   * Writes; never blocks on I/O.
   *
   * @param offset first byte
   * @param data from position to limit
   * @param durable whether to complete only when durable
   * @return completes when the bytes are on the destination and recorded
   */
  public CompletableFuture<Void> write(long offset, ByteBuffer data, boolean durable) {
    checkRange("write", offset, data.remaining());
    return submit(
        new Request(this, executor, router::write, offset, data.remaining(), data, durable));
  }

  /**
   * Discards the whole regions in a range; never blocks on I/O.
   *
   * @param offset first byte
   * @param length bytes
   * @return completes when done
   */
  public CompletableFuture<Void> discard(long offset, long length) {
    checkRange("discard", offset, length);
    WholeRegions whole = wholeRegions(offset, length);
    return submit(
        new Request(this, executor, whole.route(), whole.offset(), whole.length(), null, false));
  }

  /**
   * Flushes; never blocks on I/O.
   *
   * @return completes when everything that completed before this call is durable
   */
  public CompletableFuture<Void> flush() {
    Request request = new Request(this, executor, RequestRouter.NOWHERE, 0, 0, null, true);
    if (gate.enterOrPark(request)) {
      request.route();
    }
    return request;
  }

  /**
   * Reads on the calling thread; allocates nothing if the range is one run.
   *
   * @param offset first byte
   * @param target filled from position to limit
   * @throws IOException if a store failed
   */
  public void readBlocking(long offset, ByteBuffer target) throws IOException {
    checkTarget(target);
    int length = target.remaining();
    checkRange("read", offset, length);
    if (length == 0) {
      return;
    }
    gate.enter();
    if (metadata.mode() != MetadataMode.FAIL && router.isHydrated(offset, length)) {
      try {
        destination.read(offset, target);
      } finally {
        gate.exit();
      }
    } else {
      runInside(new BlockingRequest(this, router::read, offset, length, target));
    }
  }

  /**
   * Writes on the calling thread; allocates nothing if the range is hydrated.
   *
   * @param offset first byte
   * @param data from position to limit
   * @param durable whether to return only when durable
   * @throws IOException if a store failed
   */
  public void writeBlocking(long offset, ByteBuffer data, boolean durable) throws IOException {
    int length = data.remaining();
    checkRange("write", offset, length);
    if (length > 0) {
      gate.enter();
      if (metadata.mode() != MetadataMode.FAIL && router.isHydrated(offset, length)) {
        try {
          destination.write(offset, data);
        } finally {
          gate.exit();
        }
      } else {
        runInside(new BlockingRequest(this, router::write, offset, length, data));
      }
    }
    if (durable) {
      flushBlocking();
    }
  }

  /**
   * Discards on the calling thread.
   *
   * @param offset first byte
   * @param length bytes
   * @throws IOException if a store failed
   */
  public void discardBlocking(long offset, long length) throws IOException {
    checkRange("discard", offset, length);
    WholeRegions whole = wholeRegions(offset, length);
    gate.enter();
    runInside(new BlockingRequest(this, whole.route(), whole.offset(), whole.length(), null));
  }

  /**
   * Flushes on the calling thread, or waits for one that another thread runs for both.
   *
   * @throws IOException if it failed
   */
  public void flushBlocking() throws IOException {
    gate.enter();
    try {
      pipeline.flushBlocking(executor);
    } finally {
      gate.exit();
    }
  }

  private void runInside(BlockingRequest request) throws IOException {
    route(request);
    request.await();
  }

  private CompletableFuture<Void> submit(Request request) {
    if (gate.enterOrPark(request)) {
      dispatch(request);
    }
    return request;
  }

  private void dispatch(Request request) {
    if (!needsExecutor) {
      route(request);
      return;
    }
    try {
      executor.execute(() -> route(request));
    } catch (RejectedExecutionException e) {
      request.completed(e);
    }
  }

  private void route(Request request) {
    if (metadata.mode() == MetadataMode.FAIL) {
      request.completed(failModeException("serve a request"));
    } else {
      request.route();
    }
  }

  // ---- claims and copies

  /**
   * Claims the next regions to copy in the background.
   *
   * @param fromRegion where to begin to look; no wrap-around
   * @param choice which of them may be copied now
   * @return the claim, or {@code null}
   */
  public Claim claimForBackgroundCopy(long fromRegion, BackgroundChoice choice) {
    return claims.claimForBackgroundCopy(fromRegion, choice);
  }

  /**
   * Copies what was claimed, marks it and releases the claim; on the executor for copies.
   *
   * @param claim the caller's claim; no longer the caller's
   * @param completion told the outcome, after the claim was released
   */
  public void copyInBackground(Claim claim, IoCompletion completion) {
    hydratingRegions.addAndGet(claim.regionCount());
    IoCompletion settled = failure -> completion.completed(settle(claim, failure));
    try {
      copyExecutor.execute(() -> copy(claim, settled));
    } catch (RejectedExecutionException e) {
      settled.completed(e);
    }
  }

  private void copy(Claim claim, IoCompletion completion) {
    long from = geometry.offsetOf(claim.firstRegion());
    long end = geometry.endOf(claim.endRegion() - 1);
    if (copiesDirectly) {
      completion.run(() -> source.copyTo(from, destination, from, end - from));
    } else {
      new CopyTask(sourceAccess, destinationAccess, executor, from, end, null, from, completion)
          .start();
    }
  }

  /** Copies a claimed region with a part of a write laid over it. */
  void copyWithOverlay(Claim claim, Request request, long position, long to) {
    hydratingRegions.addAndGet(claim.regionCount());
    new CopyTask(
            sourceAccess,
            destinationAccess,
            request.continuations(),
            geometry.offsetOf(claim.firstRegion()),
            geometry.endOf(claim.endRegion() - 1),
            request.slice(position, to),
            position,
            failure -> request.completed(settle(claim, failure)))
        .start();
  }

  /** Writes zeroes. */
  void zero(Executor continuations, long from, long end, IoCompletion completion) {
    new CopyTask(null, destinationAccess, continuations, from, end, null, from, completion).start();
  }

  /**
   * Ends a claim: mark before release. The regions' bytes are complete on the destination if {@code
   * failure} is {@code null}.
   *
   * @return why the regions are not hydrated, {@code null} if they are
   */
  Throwable settle(Claim claim, Throwable failure) {
    Throwable outcome = failure;
    if (outcome == null) {
      try {
        metadata.markHydrated(claim.firstRegion(), claim.regionCount());
      } catch (IOException | RuntimeException e) {
        counters.metadataUpdatesFailed.increment();
        outcome = e;
      }
    }
    if (claim.isCopy()) {
      hydratingRegions.addAndGet(-claim.regionCount());
    }
    List<Waiter> waiters = claims.release(claim);
    if (outcome == null) {
      signals.changed();
      if (regionMap().hydratedCount() == geometry.regionCount()) {
        pipeline.commitInBackground(executor);
      }
    } else {
      signals.work();
    }
    resume(waiters, claim, outcome);
    return outcome;
  }

  /**
   * A failed copy that nobody asked for is no failure of those who met it: they go on as if it had
   * not been there. A failed claim of a request fails them all (dm-clone does so too).
   */
  private void resume(List<Waiter> waiters, Claim claim, Throwable failure) {
    if (waiters.isEmpty()) {
      return;
    }
    if (failure != null && claim.purpose() != Purpose.BACKGROUND_COPY) {
      waiters.forEach(waiter -> waiter.fail(failure));
      return;
    }
    List<Waiter> inOrder = new ArrayList<>(waiters.size());
    for (Waiter waiter : waiters) {
      if (waiter.request().runsOnCaller()) {
        waiter.request().continuations().execute(waiter::resume);
      } else {
        inOrder.add(waiter);
      }
    }
    if (!inOrder.isEmpty()) {
      try {
        executor.execute(() -> inOrder.forEach(Waiter::resume));
      } catch (RejectedExecutionException e) {
        inOrder.forEach(waiter -> waiter.fail(e));
      }
    }
  }

  // ---- life

  /**
   * Keeps new requests waiting, waits for those inside and for copies in flight, and commits.
   *
   * @throws IOException if not all could be made durable; the device is suspended nevertheless
   */
  public void suspend() throws IOException {
    synchronized (suspension) {
      gate.suspend();
      claims.pauseBackground();
      claims.awaitEmpty();
      pipeline.flushBlocking(executor);
    }
  }

  /** Lets requests and hydration go on; waits for a suspend under way. */
  public void resume() {
    List<Request> parked;
    synchronized (suspension) {
      parked = gate.resume();
      claims.resumeBackground();
    }
    parked.forEach(this::dispatch);
    signals.work();
  }

  /**
   * Refuses new requests, waits for those inside and for copies in flight, and commits. Called
   * once.
   *
   * @throws IOException if not all could be made durable
   */
  public void close() throws IOException {
    for (Request request : gate.close()) {
      request.refuse(RequestGate.closedException());
    }
    claims.pauseBackground();
    claims.awaitEmpty();
    try {
      pipeline.flushBlocking(executor);
    } finally {
      pipeline.awaitIdle();
    }
  }

  /** Commits if something changed; returns at once. */
  public void commitInBackground() {
    if (!gate.isSuspended()) {
      pipeline.commitInBackground(executor);
    }
  }

  /**
   * Commits if something changed and the device is neither suspended nor closed, and waits for it.
   *
   * @throws IOException if the commit failed
   */
  public void commit() throws IOException {
    if (metadata.hasUncommittedChanges()
        && metadata.mode() == MetadataMode.READ_WRITE
        && gate.tryEnter()) {
      try {
        pipeline.flushBlocking(executor);
      } finally {
        gate.exit();
      }
    }
  }

  /**
   * Tries to leave read-only mode.
   *
   * @throws IOException if the metadata cannot be written, or a flush of the destination has failed
   */
  public void reopenReadWrite() throws IOException {
    gate.enter();
    try {
      if (metadata.mode() == MetadataMode.READ_WRITE) {
        return;
      }
      if (pipeline.destinationFlushFailure() != null) {
        throw new IOException(
            "a flush of the destination failed, so what was written before it may be lost; close"
                + " the device and open it again",
            pipeline.destinationFlushFailure());
      }
      metadata.reopenReadWrite();
      events.modeChanged(metadata.mode(), null);
      pipeline.flushBlocking(executor);
      signals.work();
    } finally {
      gate.exit();
    }
  }

  /**
   * Frees the region map of a finished clone, if nobody is inside now.
   *
   * @return whether it is free
   */
  public boolean releaseRegionMap() {
    return hydrationCompleted.get()
        && claims.isEmpty()
        && gate.runIfEmpty(metadata::releaseRegionMap);
  }

  private void checkCompletion() {
    if (metadata.isHydrationCommitted() && hydrationCompleted.compareAndSet(false, true)) {
      events.hydrationCompleted();
      signals.work();
    }
  }

  // ---- what can be seen

  /**
   * Returns the geometry.
   *
   * @return sizes and counts
   */
  public RegionGeometry geometry() {
    return geometry;
  }

  /**
   * Returns the unit of requests.
   *
   * @return bytes
   */
  public int logicalBlockSize() {
    return logicalBlockSize;
  }

  /**
   * Returns the metadata.
   *
   * @return the caller's own, as given
   */
  public CloneMetadata metadata() {
    return metadata;
  }

  /**
   * Returns how many regions are being copied.
   *
   * @return by the hydrator and for writes
   */
  public long hydratingRegions() {
    return hydratingRegions.get();
  }

  /**
   * Returns how many requests are inside.
   *
   * @return count
   */
  public long requestsInFlight() {
    return gate.requestsInside();
  }

  /**
   * Returns whether every region is hydrated, committed and durable.
   *
   * @return whether the source is no longer needed
   */
  public boolean isHydrationCompleted() {
    return hydrationCompleted.get();
  }

  /**
   * Returns whether the device is suspended.
   *
   * @return whether requests wait
   */
  public boolean isSuspended() {
    return gate.isSuspended();
  }

  /**
   * Returns whether the device is closed or closing.
   *
   * @return whether requests are refused
   */
  public boolean isClosed() {
    return gate.isClosed();
  }

  /**
   * Returns how discards are treated.
   *
   * @return the policy
   */
  public DiscardPolicy discards() {
    return discards;
  }

  /**
   * Returns what went unnoticed.
   *
   * @return live counters
   */
  public EngineCounters counters() {
    return counters;
  }

  RegionMap regionMap() {
    return metadata.regionMap();
  }

  ClaimTable claims() {
    return claims;
  }

  RequestGate gate() {
    return gate;
  }

  CommitPipeline pipeline() {
    return pipeline;
  }

  HydrationSignals signals() {
    return signals;
  }

  // ---- checks

  private void checkRange(String request, long offset, long length) {
    long deviceSize = geometry.deviceSize();
    if (offset < 0 || length < 0 || offset > deviceSize || length > deviceSize - offset) {
      throw new IllegalArgumentException(
          request
              + " of "
              + length
              + " bytes at byte "
              + offset
              + " leaves the device, which has "
              + deviceSize
              + " bytes");
    }
    if (((offset | length) & (logicalBlockSize - 1)) != 0) {
      throw new IllegalArgumentException(
          request
              + " of "
              + length
              + " bytes at byte "
              + offset
              + " is not aligned; offset and length must be multiples of "
              + logicalBlockSize
              + " bytes");
    }
  }

  private static void checkTarget(ByteBuffer target) {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("read needs a writable buffer, this one is read-only");
    }
  }

  /** The whole regions that a discard covers; none of them is a request that has no effect. */
  private WholeRegions wholeRegions(long offset, long length) {
    long first = geometry.firstRegionFrom(offset);
    long end = geometry.regionsEndingBy(offset + length);
    if (first >= end) {
      return new WholeRegions(RequestRouter.NOWHERE, offset, 0);
    }
    long from = geometry.offsetOf(first);
    return new WholeRegions(router::discard, from, geometry.endOf(end - 1) - from);
  }

  private record WholeRegions(RequestRouter.Route route, long offset, long length) {}

  static MetadataModeException failModeException(String request) {
    return new MetadataModeException(request, MetadataMode.FAIL);
  }

  MetadataModeException modeException(String request) {
    return new MetadataModeException(request, metadata.mode());
  }

  private static boolean mayBlock(BlockStore store) {
    return store.execution() == BlockStore.Execution.IO_EXECUTOR;
  }
}
