package io.clonedevice.engine;

import io.clonedevice.engine.RequestRouter.Route;
import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataModeException;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.RegionMap;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

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
  private final CloneMetadata metadata;
  private final RegionGeometry geometry;
  private final RequestCheck check;
  private final Executor executor;
  private final EngineEvents events;

  // Written once, by the thread that opens the device, before the first request; edge: volatile.
  private volatile HydrationSignals signals;

  private final boolean needsExecutor;
  private final RequestGate gate;
  private final ClaimTable claims;
  private final CopyEngine copies;
  private final SourceReads sourceReads = new SourceReads(this::checkCompletion);
  private final RequestRouter router;
  private final ImmediateReads immediateReads;
  private final BlockingRequests blocking;
  private final RangeQueries ranges;
  private final CommitPipeline pipeline;
  private final DiscardPolicy discards;
  private final EngineCounters counters = new EngineCounters();

  // Held by suspend and resume from beginning to end: half of one between the halves of the other
  // would leave a device whose requests go on and whose hydration does not. Close takes it when it
  // flushes: a suspend under way flushes too, and the stores are closed after this.
  private final Object suspension = new Object();

  // Set once, by the thread that ends the last commit or, if that is later, the last read of the
  // source, or that opens a finished clone.
  private final AtomicBoolean hydrationCompleted = new AtomicBoolean();

  /**
   * Makes an engine; nothing runs before {@link #start}.
   *
   * @param source where unhydrated regions are read; stays the caller's to close
   * @param destination where hydrated regions are; stays the caller's to close
   * @param metadata open metadata; stays the caller's to close
   * @param executor runs requests and commits, which may block
   * @param copyExecutor runs background copies, which may block
   * @param waiting how a thread waits that must
   * @param options how discards are treated
   * @param events told what happens
   */
  public CloneEngine(
      BlockStore source,
      BlockStore destination,
      CloneMetadata metadata,
      Executor executor,
      CopyExecutor copyExecutor,
      Waiting waiting,
      Options options,
      EngineEvents events) {
    this.metadata = metadata;
    this.geometry = metadata.geometry();
    this.check =
        new RequestCheck(
            geometry.deviceSize(),
            Math.max(source.logicalBlockSize(), destination.logicalBlockSize()));
    this.executor = executor;
    this.events = events;
    this.gate = new RequestGate(waiting);
    StoreAccess sourceAccess = new StoreAccess(source, mayBlock(destination));
    StoreAccess destinationAccess = new StoreAccess(destination, mayBlock(source));
    this.needsExecutor = mayBlock(source) || mayBlock(destination);
    this.claims = new ClaimTable(metadata.regionMap(), geometry.regionCount(), waiting);
    this.pipeline =
        new CommitPipeline(metadata, destination, events, this::checkCompletion, waiting);
    this.copies = new CopyEngine(this, sourceAccess, destinationAccess, executor, copyExecutor);
    this.discards =
        new DiscardPolicy(
            this, destinationAccess, options.discardPassdown(), options.discardedReadsZeroes());
    this.router = new RequestRouter(this, sourceAccess, destinationAccess);
    this.immediateReads = new ImmediateReads(this, destination);
    this.blocking = new BlockingRequests(this, destination, executor, waiting);
    this.ranges = new RangeQueries(this, router, source, destination);
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
    RequestCheck.writable(target);
    check.range("read", offset, target.remaining());
    Request request =
        new Request(this, executor, Route.READ, offset, target.remaining(), target, false);
    if (gate.enterOrPark(request) && !(needsExecutor && immediateReads.serve(request))) {
      dispatch(request);
    }
    return request;
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
    check.range("write", offset, data.remaining());
    return submit(
        new Request(this, executor, Route.WRITE, offset, data.remaining(), data, durable));
  }

  /**
   * Discards the whole regions in a range; never blocks on I/O.
   *
   * @param offset first byte
   * @param length bytes
   * @return completes when done
   */
  public CompletableFuture<Void> discard(long offset, long length) {
    check.range("discard", offset, length);
    RequestRouter.WholeRegions whole = router.wholeRegions(offset, length);
    return submit(
        new Request(this, executor, whole.route(), whole.offset(), whole.length(), null, false));
  }

  /**
   * Flushes; never blocks on I/O.
   *
   * @return completes when everything that completed before this call is durable
   */
  public CompletableFuture<Void> flush() {
    Request request = new Request(this, executor, Route.NOWHERE, 0, 0, null, true);
    if (gate.enterOrPark(request)) {
      request.route();
    }
    return request;
  }

  private CompletableFuture<Void> submit(Request request) {
    if (gate.enterOrPark(request)) {
      dispatch(request);
    }
    return request;
  }

  private void dispatch(Request request) {
    if (!needsExecutor) {
      serve(request);
      return;
    }
    try {
      executor.execute(request);
    } catch (RuntimeException | Error e) {
      request.completed(e);
    }
  }

  /** Runs a request that is inside the gate. */
  void serve(Request request) {
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
   * @param atOnce how many copies may run, if {@link #copiesBlock}; one more waits for another to
   *     end
   * @param completion told the outcome, after the claim was released
   */
  public void copyInBackground(Claim claim, int atOnce, IoCompletion completion) {
    copies.copyInBackground(claim, atOnce, completion);
  }

  /**
   * Returns whether a copy in the background keeps a thread until it ends.
   *
   * @return {@code false} if one of the stores is asynchronous
   */
  public boolean copiesBlock() {
    return copies.isBlocking();
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
    InTurn.forEach(parked, this::dispatch);
    signals.work();
  }

  /**
   * Refuses new requests, waits for those inside, for copies in flight and for a suspend under way,
   * and commits; no store is called after this. Called once.
   *
   * @throws IOException if not all could be made durable
   */
  public void close() throws IOException {
    for (Request request : gate.close()) {
      request.refuse(RequestGate.closedException());
    }
    synchronized (suspension) {
      claims.pauseBackground();
      claims.awaitEmpty();
      try {
        pipeline.flushBlocking(executor);
      } finally {
        pipeline.close();
      }
    }
  }

  /**
   * Ends what the calling thread is in the middle of, as {@link #close} does. For a thread that
   * waits for a close by another: a request that it tells may make it do so, with others to tell
   * after that.
   */
  public void finishTurn() {
    InTurn.finish();
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
    if (metadata.isHydrationCommitted()
        && sourceReads.areOver()
        && hydrationCompleted.compareAndSet(false, true)) {
      events.hydrationCompleted();
      signals.work();
    }
  }

  // ---- what can be seen

  /**
   * Returns the requests whose callers wait.
   *
   * @return always the same
   */
  public BlockingRequests blocking() {
    return blocking;
  }

  /**
   * Returns what tells the state of ranges.
   *
   * @return always the same
   */
  public RangeQueries ranges() {
    return ranges;
  }

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
    return check.logicalBlockSize();
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
    return copies.hydratingRegions();
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
   * Returns how many requests there have been.
   *
   * @return modulo 2^32: whether it has changed tells whether there were any
   */
  public int requestsEntered() {
    return gate.requestsEntered();
  }

  /**
   * Returns whether every region is hydrated, committed and durable, and no request reads the
   * source.
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

  CopyEngine copies() {
    return copies;
  }

  ClaimTable claims() {
    return claims;
  }

  SourceReads sourceReads() {
    return sourceReads;
  }

  RequestGate gate() {
    return gate;
  }

  RequestRouter router() {
    return router;
  }

  RequestCheck check() {
    return check;
  }

  CommitPipeline pipeline() {
    return pipeline;
  }

  HydrationSignals signals() {
    return signals;
  }

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
