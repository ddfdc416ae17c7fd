package io.clonedevice;

import io.clonedevice.engine.CloneEngine;
import io.clonedevice.engine.EngineEvents;
import io.clonedevice.hydration.DeviceHydrator;
import io.clonedevice.hydration.HydrationEvents;
import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A virtual block device that is a writable copy of a read-only source, from the first moment on.
 *
 * <p>Requests go region by region to where the valid data is: to the destination where a region is
 * hydrated, to the source where it is not yet. Meanwhile a hydrator copies the rest.
 *
 * <p><b>Requests.</b> Offset and length are bytes, multiples of {@link #logicalBlockSize()}, of any
 * length within the device. The asynchronous methods never block on I/O; misuse is thrown in the
 * caller, trouble completes the future exceptionally with an {@link IOException}. Requests that
 * overlap and are in flight at the same time are the caller's race. {@link #blocking()} does the
 * same on the calling thread.
 *
 * <p><b>Buffers</b> belong to the device from the call until the future completes; then the
 * position of a buffer is at its limit if the request succeeded, and unspecified otherwise.
 * Cancelling or completing the future does not stop the request. Dependent stages of a future run
 * on a thread of the runtime, or on the caller's if the request could be served at once; they must
 * not wait for the device ({@link #close()} says when they may close it).
 *
 * <p><b>Durability.</b> What completed before {@link #flush()} was called is durable when the flush
 * completes. After a crash a sector that was not flushed reads as an older value of that sector.
 *
 * <p>Thread-safe. Owns its stores: {@link #close()} closes them.
 */
public final class CloneDevice implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(CloneDevice.class);

  private final List<BlockStore> stores;
  private final long closePatienceNs;
  private final CloneMetadata metadata;
  private final CloneRuntime runtime;
  private final boolean ownsRuntime;
  private final EventDispatcher dispatcher;
  private final CloneEngine engine;
  private final DeviceHydrator hydrator;
  private final BlockStore blocking;

  // Set once, by the thread that closes; read by others that do. Edge: compare-and-set.
  private final AtomicReference<Thread> closer = new AtomicReference<>();

  private final CountDownLatch closed = new CountDownLatch(1);

  // Replaced by the dispatcher's tasks when an attempt has failed; read by any thread. Edge:
  // volatile.
  private volatile CompletableFuture<Void> hydrated = new CompletableFuture<>();

  CloneDevice(CloneDeviceBuilder builder, CloneMetadata metadata, CloneRuntime runtime) {
    this.stores = List.of(builder.destination(), builder.source(), builder.metadataStore());
    this.closePatienceNs = builder.closePatience().toNanos();
    this.metadata = metadata;
    this.runtime = runtime;
    this.ownsRuntime = builder.ownsRuntime();
    this.dispatcher = new EventDispatcher(runtime.eventExecutor());
    builder.listeners().forEach(dispatcher::add);
    Events events = new Events();
    this.engine =
        new CloneEngine(
            builder.source(),
            builder.destination(),
            metadata,
            runtime.ioExecutor(),
            runtime.copyExecutor(),
            runtime.waiting(),
            builder.engineOptions(),
            events);
    this.blocking = new DeviceBlockStore(this, engine, builder.destination().name());
    String passdownDisabled = engine.discards().passdownDisabledReason();
    if (passdownDisabled != null) {
      LOG.warn(passdownDisabled);
      dispatcher.fire(listener -> listener.discardPassdownDisabled(passdownDisabled));
    }
    this.hydrator =
        runtime
            .agent()
            .hydrate(
                engine, builder.hydration().forRegionSize(engine.geometry().regionSize()), events);
    engine.start(hydrator, builder.startsSuspended());
    // Last: the agent would keep a device alive that failed to open, and may start copies at once.
    hydrator.start();
  }

  /**
   * Begins a device.
   *
   * @return a builder with defaults
   */
  public static CloneDeviceBuilder builder() {
    return new CloneDeviceBuilder();
  }

  // ---- requests

  /**
   * Reads from wherever the valid data is.
   *
   * @param offset first byte
   * @param target filled from position to limit
   * @return completes when the buffer is filled, exceptionally if a store failed
   * @throws NullPointerException if there is no buffer
   * @throws IllegalArgumentException if range or alignment is wrong or the buffer is read-only
   * @throws IllegalStateException if the device is closed
   */
  public CompletableFuture<Void> read(long offset, ByteBuffer target) {
    return engine.read(offset, Objects.requireNonNull(target, "target"));
  }

  /**
   * Writes; not durable until a flush that is submitted afterwards completes.
   *
   * @param offset first byte
   * @param data written from position to limit
   * @return completes when reads see the bytes; exceptionally if a store failed (the range then
   *     holds old and new sectors) or the metadata is read-only and a region is unhydrated
   * @throws NullPointerException if there is no buffer
   * @throws IllegalArgumentException if range or alignment is wrong
   * @throws IllegalStateException if the device is closed
   */
  public CompletableFuture<Void> write(long offset, ByteBuffer data) {
    return engine.write(offset, Objects.requireNonNull(data, "data"), false);
  }

  /**
   * Writes, and completes only when the bytes and the record of them are durable (forced unit
   * access).
   *
   * @param offset first byte
   * @param data written from position to limit
   * @return completes when durable; exceptionally if a store failed
   * @throws NullPointerException if there is no buffer
   * @throws IllegalArgumentException if range or alignment is wrong
   * @throws IllegalStateException if the device is closed
   */
  public CompletableFuture<Void> writeDurably(long offset, ByteBuffer data) {
    return engine.write(offset, Objects.requireNonNull(data, "data"), true);
  }

  /**
   * Gives up the contents of the whole regions in a range; the parts of regions at its ends keep
   * theirs. A range that reaches the end of the device covers a short last region.
   *
   * <p>Unhydrated regions become hydrated without a copy. The destination is told if discard
   * passdown is on. What a discarded region reads is undefined — with passdown off, whatever the
   * destination held before — unless {@link CloneDeviceBuilder#discardedReadsZeroes} is set or
   * {@link #discardSupport()} says that it reads zeroes.
   *
   * <p>In metadata mode {@code ro} hydrated regions are discarded as ever. Of unhydrated ones
   * nothing can be recorded: with {@code discardedReadsZeroes} set the discard fails, otherwise it
   * succeeds and leaves them as they are. {@link CloneStatus#discardsIgnored()} counts that, {@link
   * #discardSupport()} promises no zeroes then, and {@link #isHydrated} tells which they are.
   *
   * @param offset first byte
   * @param length bytes
   * @return completes when done; a range that covers no whole region has no effect
   * @throws IllegalArgumentException if range or alignment is wrong
   * @throws IllegalStateException if the device is closed
   */
  public CompletableFuture<Void> discard(long offset, long length) {
    return engine.discard(offset, length);
  }

  /**
   * Makes everything durable that completed before this call.
   *
   * @return completes when durable; exceptionally if a store failed, or if changes of the metadata
   *     are pending that cannot be committed
   * @throws IllegalStateException if the device is closed
   */
  public CompletableFuture<Void> flush() {
    return engine.flush();
  }

  /**
   * Returns this device's blocking face: the same requests on the calling thread, the fastest way
   * for callers that wait anyway. It can be given to whatever takes a {@link BlockStore}, another
   * clone device included; who does so may have asked once and for all what discards leave, so one
   * that was promised to leave zeroes and cannot be recorded fails here. Closing it closes the
   * device.
   *
   * @return always the same object
   */
  public BlockStore blocking() {
    return blocking;
  }

  // ---- hydration

  /**
   * Returns a future of the complete copy.
   *
   * @return completes when every region is hydrated and that is durable, so the source is no longer
   *     needed; exceptionally when background hydration stopped after too many failures, the
   *     metadata left read-write mode, or the device was closed before (a new call then returns a
   *     new future)
   */
  public CompletableFuture<Void> hydrated() {
    return hydrated.copy();
  }

  /**
   * Turns background hydration on. Failures so far are forgotten, even if it was on: what waits to
   * be tried again is tried at once.
   */
  public void enableHydration() {
    hydrator.enable(true);
  }

  /** Turns background hydration off; copies in flight end normally. Has no effect if it is off. */
  public void disableHydration() {
    hydrator.enable(false);
  }

  /**
   * Sets how many regions may be copied at once, from now on.
   *
   * @param regions 0 (nothing is started) to 2^32 - 1
   * @throws IllegalArgumentException if out of range
   */
  public void hydrationThreshold(long regions) {
    hydrator.threshold(regions);
  }

  /**
   * Sets how many adjacent regions are joined into one copy, from now on.
   *
   * @param regions 0 to 2^32 - 1; 0 and 1 are the same
   * @throws IllegalArgumentException if out of range
   */
  public void hydrationBatchSize(long regions) {
    hydrator.batchSize(regions);
  }

  /**
   * Hints that a range will be wanted soon: background hydration copies its unhydrated regions
   * next, or, while it is off, as soon as it is turned on. Up to 64 copies are kept in mind, each
   * of a {@linkplain #hydrationBatchSize batch}, those hinted first: what is beyond that, of a long
   * range or of hints that come faster than copies, is left to its turn. Returns at once.
   *
   * @param offset first byte
   * @param length bytes
   * @throws IllegalArgumentException if range or alignment is wrong
   */
  public void hydrateNext(long offset, long length) {
    engine.ranges().hydrateNext(offset, length);
  }

  // ---- what can be seen

  /**
   * Returns whether a range is hydrated: its valid data is on the destination, committed or not.
   * Once hydrated it stays so. Allocates nothing; waits while the device is suspended. Of a
   * completely hydrated device it is true at once, and for ever.
   *
   * @param offset first byte
   * @param length bytes, positive
   * @return whether reads of every part of it need no source
   * @throws IllegalArgumentException if range or alignment is wrong
   * @throws IllegalStateException if the device is closed
   */
  public boolean isHydrated(long offset, long length) {
    return engine.ranges().isHydrated(offset, length);
  }

  /**
   * Returns the run of equal state that begins at an offset, to walk the map of what is hydrated.
   * An unhydrated run may be hydrated by the time that this returns. Waits while the device is
   * suspended.
   *
   * @param offset first byte
   * @param length how far the caller is interested, in bytes; positive
   * @return the run, at most {@code length} bytes; it begins and ends at the offset, at region
   *     boundaries, or at the end of the range
   * @throws IllegalArgumentException if range or alignment is wrong
   * @throws IllegalStateException if the device is closed
   */
  public HydrationRun runAt(long offset, long length) {
    long run = engine.ranges().signedRunAt(offset, length);
    return new HydrationRun(offset, Math.abs(run), run > 0);
  }

  /**
   * Returns the size.
   *
   * @return bytes
   */
  public long size() {
    return engine.geometry().deviceSize();
  }

  /**
   * Returns the unit of requests.
   *
   * @return bytes; the larger one of source and destination
   */
  public int logicalBlockSize() {
    return engine.logicalBlockSize();
  }

  /**
   * Returns the size of a region.
   *
   * @return bytes
   */
  public int regionSize() {
    return engine.geometry().regionSize();
  }

  /**
   * Returns the smallest size of requests that need no copy (minimum_io_size of a block device).
   *
   * @return bytes
   */
  public int minimumIoSize() {
    return regionSize();
  }

  /**
   * Returns the best size of requests (optimal_io_size of a block device): that of the destination
   * if it is a multiple of the region size, else the region size.
   *
   * @return bytes
   */
  public int optimalIoSize() {
    int below = stores.get(0).optimalIoSize();
    return below % regionSize() == 0 ? below : regionSize();
  }

  /**
   * Returns what {@link #discard} does.
   *
   * @return granularity and largest length in bytes, and whether what was discarded reads zeroes
   */
  public DiscardSupport discardSupport() {
    return engine.discards().support();
  }

  /**
   * Commits what is pending, unless the device is suspended, and returns the state, so that what it
   * says is durable. Blocks for the commit; a commit that fails shows in the mode.
   *
   * @return the state now
   */
  public CloneStatus status() {
    try {
      engine.commit();
    } catch (IOException e) {
      LOG.debug("commit for the status failed, as the mode tells", e);
    }
    return statusNoFlush();
  }

  /**
   * Returns the state without committing; never blocks.
   *
   * @return the state now
   */
  public CloneStatus statusNoFlush() {
    return new CloneStatus(
        size(),
        regionSize(),
        engine.geometry().regionCount(),
        metadata.regionMap().hydratedCount(),
        engine.hydratingRegions(),
        hydrator.isEnabled(),
        hydrator.threshold(),
        hydrator.batchSize(),
        engine.isHydrationCompleted(),
        engine.discards().isPassdown(),
        metadata.mode(),
        engine.isSuspended(),
        metadata.usedBlocks(),
        metadata.totalBlocks(),
        engine.counters().metadataUpdatesFailed(),
        engine.counters().discardsIgnored());
  }

  /**
   * Adds a listener; it hears what happens from now on, and that hydration is completed if it is.
   *
   * @param listener called on a thread of the runtime
   */
  public void addListener(CloneListener listener) {
    dispatcher.add(Objects.requireNonNull(listener, "listener"));
  }

  // ---- life

  /**
   * Lets requests wait, ends what is in flight, stops hydration and makes everything durable.
   *
   * <p>Waits for that without limit: the {@linkplain CloneDeviceBuilder#closePatience patience} of
   * {@link #close()} does not apply, and an interrupt does not end the wait. If calls of a store
   * hang, a close by another thread ends it, by closing that store.
   *
   * @throws IOException if not all could be made durable; the device is suspended nevertheless
   * @throws IllegalStateException if the device is closed
   */
  public void suspend() throws IOException {
    engine.suspend();
  }

  /**
   * Lets requests and hydration go on; has no effect if the device is not suspended.
   *
   * @throws IllegalStateException if the device is closed
   */
  public void resume() {
    engine.resume();
  }

  /**
   * Tries to leave metadata mode {@code ro} once the metadata device is well again: verifies that
   * the superblock on disk is the last one that was written, then commits. On a suspended device it
   * waits for {@link #resume()}.
   *
   * @throws IOException if the metadata device is not well yet, or a flush of the destination has
   *     failed, after which only opening anew helps
   * @throws IllegalStateException if the device is closed
   */
  public void reopenReadWrite() throws IOException {
    engine.reopenReadWrite();
  }

  /**
   * Refuses new requests, ends those in flight, makes everything durable and closes the stores. The
   * second and later calls wait for the first and do nothing else.
   *
   * <p>Calls of a store that hang are waited for, but not for ever: when nothing in flight has
   * ended for the {@linkplain CloneDeviceBuilder#closePatience patience}, the source is closed,
   * which makes calls fail that hang there (a network store cuts its connection; a file in a hung
   * file system can only be waited for). What was acknowledged needs no source and becomes durable
   * as always. If then nothing ends for the patience again, the destination is closed, and after
   * another the metadata device: requests in flight fail, and what was not flushed is as after a
   * crash, which is what the exception of this method tells.
   *
   * <p>Listeners may call this, and so may dependent stages of requests and of {@link #hydrated()}:
   * what else their thread has to do for the device is done first. But they keep their thread until
   * everything is closed, and what is in flight needs another one. So a stage must not close the
   * device on the only I/O thread of the runtime, nor where all I/O threads do so at a time, nor on
   * the only thread on which an asynchronous store completes its calls. A stage of a request that
   * is refused is run by the call that closes; what that stage calls here returns at once.
   *
   * @throws IOException if not all could be made durable or a store failed to close; everything is
   *     closed nevertheless
   */
  @Override
  public void close() throws IOException {
    Thread caller = Thread.currentThread();
    if (!closer.compareAndSet(null, caller)) {
      if (closer.get() != caller) {
        engine.finishTurn();
        awaitClosed();
      }
      return;
    }
    Teardown teardown = new Teardown();
    CloseWatch watch =
        new CloseWatch(
            engine, stores.get(1), stores.get(0), stores.get(2), runtime.closeExecutor());
    teardown.run(() -> hydrator.watch(closePatienceNs, watch::check));
    teardown.run(engine::close);
    teardown.run(hydrator::close);
    teardown.run(watch::end);
    teardown.run(metadata::close);
    stores.forEach(store -> teardown.run(store::close));
    CloneDeviceBuilder.giveBack(stores.get(2), stores.get(0));
    teardown.run(
        () ->
            dispatcher.enqueue(
                () ->
                    hydrated.completeExceptionally(
                        new IllegalStateException(
                            "the device was closed before it was hydrated"))));
    teardown.run(runtime::deviceClosed);
    if (ownsRuntime) {
      teardown.run(runtime::close);
    }
    closed.countDown();
    teardown.finish();
  }

  private void awaitClosed() {
    boolean interrupted = false;
    while (closed.getCount() > 0) {
      try {
        closed.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String toString() {
    return "clone device on " + blocking.name() + ", " + engine.geometry();
  }

  /** From the rooms below to the listeners and the future. */
  private final class Events implements EngineEvents, HydrationEvents {
    @Override
    public void modeChanged(MetadataMode mode, Throwable cause) {
      dispatcher.fire(listener -> listener.modeChanged(mode, cause));
      if (mode != MetadataMode.READ_WRITE) {
        failHydrated(new IOException("the metadata is in mode " + mode.statusWord(), cause));
      }
    }

    @Override
    public void hydrationCompleted() {
      dispatcher.hydrationCompleted();
      dispatcher.enqueue(() -> hydrated.complete(null));
    }

    @Override
    public void hydrationFailing(Throwable cause) {
      dispatcher.hydrationFailing(cause);
    }

    @Override
    public void hydrationRecovered() {
      dispatcher.hydrationRecovered();
    }

    @Override
    public void hydrationStopped(Throwable cause) {
      dispatcher.hydrationStopped(cause);
      failHydrated(cause);
    }

    private void failHydrated(Throwable cause) {
      dispatcher.enqueue(
          () -> {
            CompletableFuture<Void> attempt = hydrated;
            if (!attempt.isDone()) {
              hydrated = new CompletableFuture<>();
              attempt.completeExceptionally(cause);
            }
          });
    }
  }

  /** Does everything that must be done, whatever fails; then throws the first failure. */
  static final class Teardown {
    private final List<Throwable> failures = new ArrayList<>();

    /** A step. */
    interface Step {
      void run() throws Exception;
    }

    void run(Step step) {
      try {
        step.run();
      } catch (Exception | Error e) {
        failures.add(e);
      }
    }

    /** Adds what failed to a failure that is thrown anyway. */
    void addTo(Throwable failure) {
      // A store may throw one and the same exception again and again.
      failures.stream().filter(each -> each != failure).forEach(failure::addSuppressed);
    }

    void finish() throws IOException {
      if (failures.isEmpty()) {
        return;
      }
      Throwable first = failures.get(0);
      addTo(first);
      if (first instanceof RuntimeException e) {
        throw e;
      }
      if (first instanceof Error e) {
        throw e;
      }
      throw first instanceof IOException e ? e : new IOException(first);
    }
  }
}
