package io.clonedevice;

import java.util.ArrayDeque;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A runtime without threads: I/O tasks queue up until the test runs them, the hydrator moves when
 * the test steps it, and time passes when the test says so.
 */
public final class SteppedRuntime implements AutoCloseable {
  private static final int STEPS_MAX = 20_000;

  // Negative, as System.nanoTime() may be.
  private final AtomicLong nowNs = new AtomicLong(-7_000_000_000L);
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>(); // guarded by itself
  private volatile Runnable onSubmit = () -> {};
  private volatile Runnable onClock = () -> {};
  private final CloneRuntime runtime =
      CloneRuntime.builder()
          .steppedByCaller()
          .clock(this::now)
          .random(new Random(1))
          .ioExecutor(this::enqueue)
          .build();

  public CloneRuntime runtime() {
    return runtime;
  }

  /** Runs before each task is taken, and fails the submission if it throws. */
  public void onSubmit(Runnable hook) {
    onSubmit = hook;
  }

  /** Runs before the clock is read, and fails that if it throws. */
  public void onClock(Runnable hook) {
    onClock = hook;
  }

  private long now() {
    onClock.run();
    return nowNs.get();
  }

  private void enqueue(Runnable task) {
    onSubmit.run();
    later(task);
  }

  /** Queues what is no task of the executor: the completion of an asynchronous call, say. */
  public void later(Runnable task) {
    synchronized (tasks) {
      tasks.add(task);
    }
  }

  int queuedTasks() {
    synchronized (tasks) {
      return tasks.size();
    }
  }

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

  /** Steps the hydrator, without running I/O, until it has nothing to do. */
  public void stepOnly() {
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

  /** Runs everything that can run now. */
  public void settle() {
    do {
      stepOnly();
    } while (runTask());
  }

  public void advanceMs(long ms) {
    nowNs.addAndGet(ms * 1_000_000);
    settle();
  }

  /** Runs everything, then returns the outcome of a request that must have ended. */
  public void await(CompletableFuture<Void> request) throws Exception {
    settle();
    request.get(0, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    while (runTask()) {
      // What is still to be told to listeners.
    }
    runtime.close();
  }
}
