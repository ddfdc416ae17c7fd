package io.clonedevice.testing;

import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A store with a gate before it: while the gate is held, chosen calls wait there until the test
 * lets them go. This puts concurrent work in an order of the test's choice, without sleeping.
 *
 * <pre>{@code
 * gate.hold(Operation.READ);
 * CompletableFuture<?> copy = startsToRead(gate);
 * gate.awaitWaiting(1);   // the copy is under way now
 * writeTheSameRegion();
 * gate.open();            // and may go on
 * }</pre>
 *
 * <p>A call that is held hangs until the test lets it go, or until the store is closed, which fails
 * it: so a call that a device meets on a store whose server is gone.
 *
 * <p>A blocking call waits on its thread; an interrupt does not cut that short. An asynchronous
 * call returns at once and is made by the thread that lets it go, so that one thread can run a
 * whole test: pass {@link io.clonedevice.store.BlockStore.Execution#ASYNCHRONOUS} to have callers
 * use these.
 */
public final class GatedBlockStore extends InterceptingBlockStore {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Execution execution;
  private final Object monitor = new Object();

  // Both guarded by the monitor.
  private final List<Waiter> waiting = new ArrayList<>();
  private Predicate<StoreCall> held = call -> false;

  /**
   * Makes a store with an open gate whose calls are run on the I/O executor.
   *
   * @param delegate where calls go; closed with this store
   */
  public GatedBlockStore(BlockStore delegate) {
    this(delegate, Execution.IO_EXECUTOR);
  }

  /**
   * Makes a store with an open gate.
   *
   * @param delegate where calls go; closed with this store
   * @param execution what {@link #execution()} returns
   */
  public GatedBlockStore(BlockStore delegate, Execution execution) {
    super(delegate);
    this.execution = execution;
  }

  @Override
  public Execution execution() {
    return execution;
  }

  /**
   * Makes calls wait from now on; calls that wait already stay.
   *
   * @param operations which operations wait; none for all
   */
  public void hold(Operation... operations) {
    Set<Operation> chosen = Set.of(operations.length == 0 ? Operation.values() : operations);
    hold(call -> chosen.contains(call.operation()));
  }

  /**
   * Makes calls wait from now on; calls that wait already stay.
   *
   * @param chosen which calls wait
   */
  public void hold(Predicate<StoreCall> chosen) {
    synchronized (monitor) {
      held = chosen;
    }
  }

  /**
   * Returns the calls that wait.
   *
   * @return a copy, the one that waits longest first
   */
  public List<StoreCall> waiting() {
    synchronized (monitor) {
      return waiting.stream().map(waiter -> waiter.call).toList();
    }
  }

  /**
   * Waits until at least some calls wait at the gate.
   *
   * @param count how many
   * @throws InterruptedException if this thread is interrupted
   * @throws IllegalStateException if they have not come after half a minute
   */
  public void awaitWaiting(int count) throws InterruptedException {
    long start = System.nanoTime();
    synchronized (monitor) {
      while (waiting.size() < count) {
        long restMs = PATIENCE.minusNanos(System.nanoTime() - start).toMillis();
        if (restMs <= 0) {
          throw new IllegalStateException(
              count + " calls of " + name() + " should wait, there are " + waiting());
        }
        monitor.wait(restMs);
      }
    }
  }

  /**
   * Lets the call go that waits longest; the gate stays as it is.
   *
   * @return the call
   * @throws IllegalStateException if none waits
   */
  public StoreCall releaseOne() {
    Waiter first;
    synchronized (monitor) {
      if (waiting.isEmpty()) {
        throw new IllegalStateException(
            "no call of " + name() + " waits; use awaitWaiting before this");
      }
      first = waiting.remove(0);
      letGo(first);
    }
    first.next.run();
    return first.call;
  }

  /** Lets all waiting calls go, in the order of their arrival; the gate stays as it is. */
  public void releaseAll() {
    List<Waiter> released;
    synchronized (monitor) {
      released = List.copyOf(waiting);
      waiting.clear();
      released.forEach(this::letGo);
    }
    released.forEach(waiter -> waiter.next.run());
  }

  /** Opens the gate: no further call waits, and all waiting calls go. */
  public void open() {
    hold(call -> false);
    releaseAll();
  }

  /**
   * Opens the gate, fails the calls that wait and closes the delegate: as a network store does that
   * cuts its connection. They fail as calls of a closed store, and never reach the delegate.
   */
  @Override
  public void close() throws IOException {
    List<Waiter> failed;
    synchronized (monitor) {
      held = call -> false;
      failed = List.copyOf(waiting);
      waiting.clear();
      failed.forEach(waiter -> waiter.failed = true);
      failed.forEach(this::letGo);
    }
    failed.forEach(waiter -> waiter.completion.completed(closed(waiter.call)));
    super.close();
  }

  private static BlockIoException closed(StoreCall call) {
    return new BlockIoException(
        call.store(), call.operation(), call.offset(), call.length(), new ClosedChannelException());
  }

  @Override
  void before(StoreCall call) throws IOException {
    boolean interrupted = false;
    boolean failed;
    synchronized (monitor) {
      if (!held.test(call)) {
        return;
      }
      Waiter waiter = arrive(call, failure -> {}, () -> {});
      while (!waiter.released) {
        try {
          monitor.wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      failed = waiter.failed;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failed) {
      throw closed(call);
    }
  }

  @Override
  void beforeAsync(StoreCall call, Beginning beginning, IoCompletion completion, Runnable next) {
    synchronized (monitor) {
      if (held.test(call)) {
        arrive(call, completion, next);
        return;
      }
    }
    next.run();
  }

  private Waiter arrive(StoreCall call, IoCompletion completion, Runnable next) {
    Waiter waiter = new Waiter(call, completion, next);
    waiting.add(waiter);
    monitor.notifyAll();
    return waiter;
  }

  private void letGo(Waiter waiter) {
    waiter.released = true;
    monitor.notifyAll();
  }

  private static final class Waiter {
    private final StoreCall call;
    private final IoCompletion completion; // of an asynchronous call
    private final Runnable next; // for an asynchronous call: makes it
    private boolean released; // guarded by the monitor
    private boolean failed; // guarded by the monitor

    Waiter(StoreCall call, IoCompletion completion, Runnable next) {
      this.call = call;
      this.completion = completion;
      this.next = next;
    }
  }
}
