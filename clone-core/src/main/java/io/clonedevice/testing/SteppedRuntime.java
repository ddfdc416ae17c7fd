package io.clonedevice.testing;

import io.clonedevice.CloneRuntime;
import java.util.ArrayDeque;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A runtime without threads, for tests that shall run the same way each time: I/O tasks and calls
 * of listeners queue up until the test runs them, the hydrator moves when the test steps it, and
 * time stands still until the test moves it.
 *
 * <pre>{@code
 * try (SteppedRuntime steps = new SteppedRuntime();
 *     CloneDevice device = builder.runtime(steps.runtime()).open()) {
 *   CompletableFuture<Void> write = device.write(512, data);   // queued, not begun
 *   steps.settle();                                            // done
 *   steps.advanceMs(1_000);                                    // committed by the clock
 * }
 * }</pre>
 *
 * <p>A thread that must wait for a device (in {@link io.clonedevice.CloneDevice#close()}, for
 * example) does the work that it waits for itself; it is told if there is none left.
 *
 * <p>One thread at a time runs the device. Tasks may be queued from any thread.
 */
public final class SteppedRuntime implements AutoCloseable {
  private static final int STEPS_MAX = 20_000;
  private static final long MS = 1_000_000;

  // Negative, as System.nanoTime() may be.
  private final AtomicLong nowNs = new AtomicLong(-7_000_000_000L);
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>(); // guarded by itself

  // Set by the test, called by any thread. Edge: volatile.
  private volatile Runnable onSubmit = () -> {};
  private volatile Runnable onClock = () -> {};
  private final CloneRuntime runtime =
      CloneRuntime.builder()
          .steppedByCaller()
          .clock(this::now)
          .random(new Random(1))
          .ioExecutor(this::enqueue)
          .whileWaiting(this::workWhileWaiting)
          .build();

  /** Makes a runtime that stands still. */
  public SteppedRuntime() {}

  /**
   * Returns what devices are opened with.
   *
   * @return closed by {@link #close()}
   */
  public CloneRuntime runtime() {
    return runtime;
  }

  /**
   * Sets what runs before each task is taken, in place of what was set before. The submission fails
   * with what it throws, as one that an executor rejects.
   *
   * @param hook run on the submitting thread
   */
  public void onSubmit(Runnable hook) {
    onSubmit = hook;
  }

  /**
   * Sets what runs before the clock is read, in place of what was set before. Reading the clock
   * fails with what it throws.
   *
   * @param hook run on the reading thread
   */
  public void onClock(Runnable hook) {
    onClock = hook;
  }

  /**
   * Queues a task of the test's among those of the device: the completion of an asynchronous call,
   * for example.
   *
   * @param task run after those that are queued
   */
  public void later(Runnable task) {
    synchronized (tasks) {
      tasks.add(task);
    }
  }

  /**
   * Runs the oldest queued task.
   *
   * @return whether there was one
   */
  public boolean runTask() {
    Runnable task;
    synchronized (tasks) {
      task = tasks.poll();
    }
    if (task != null) {
      task.run();
    }
    return task != null;
  }

  /**
   * Steps the hydrator, without running tasks, until it has nothing to do.
   *
   * @throws AssertionError if it finds work for ever
   */
  public void stepHydrator() {
    for (int i = 0; i < STEPS_MAX; i++) {
      if (runtime.step() == 0) {
        return;
      }
    }
    while (runTask()) {
      // So that the device can be closed.
    }
    throw new AssertionError("the hydrator spins: it finds work for ever, and time stands still");
  }

  /**
   * Runs everything that can be done now.
   *
   * @throws AssertionError if the hydrator finds work for ever
   */
  public void settle() {
    do {
      stepHydrator();
    } while (runTask());
  }

  /**
   * Moves the clock, then runs everything that can be done.
   *
   * @param ms milliseconds, {@code >= 0}
   */
  public void advanceMs(long ms) {
    nowNs.addAndGet(ms * MS);
    settle();
  }

  /**
   * Runs everything that can be done now, and returns the outcome of what must have ended by then.
   *
   * @param <T> what it ends with
   * @param request what was asked of a device
   * @return what it ended with
   * @throws CompletionException if it failed; the cause tells why
   * @throws IllegalStateException if it has not ended: it waits at a gate, or for time to pass
   */
  public <T> T await(CompletableFuture<T> request) {
    settle();
    if (!request.isDone()) {
      throw new IllegalStateException(
          "the request has not ended, and nothing is left to do now; open the gate that holds it,"
              + " or move the clock");
    }
    return request.join();
  }

  /**
   * Runs what is still to be told to listeners, then closes the runtime.
   *
   * @throws IllegalStateException if devices are open; close them first
   */
  @Override
  public void close() {
    while (runTask()) {
      // In the order in which it was queued.
    }
    runtime.close();
  }

  private long now() {
    onClock.run();
    return nowNs.get();
  }

  private void enqueue(Runnable task) {
    onSubmit.run();
    later(task);
  }

  private void workWhileWaiting() {
    if (!runTask() && runtime.step() == 0) {
      throw new IllegalStateException(
          "this thread waits for a device that has nothing left to do now; open the gate that holds"
              + " a call, resume the device, or move the clock before");
    }
  }
}
