package io.clonedevice;

import io.clonedevice.engine.CopyExecutor;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * An executor that begins a thread only if all others are busy, up to a limit, and queues tasks
 * beyond that. (A {@link ThreadPoolExecutor} with a queue begins threads until it has them all,
 * whether they are needed or not.)
 */
final class OnDemandExecutor extends ThreadPoolExecutor implements CopyExecutor {
  /**
   * Makes an executor without a thread.
   *
   * @param threadsMax positive
   * @param idleSeconds how long a thread is kept that has nothing to do
   * @param threads makes them
   */
  OnDemandExecutor(int threadsMax, long idleSeconds, ThreadFactory threads) {
    super(1, threadsMax, idleSeconds, TimeUnit.SECONDS, new Handover(), threads);
    allowCoreThreadTimeOut(true);
    setRejectedExecutionHandler((task, executor) -> queue(task));
  }

  @Override
  public boolean isWantedByOthers() {
    return !getQueue().isEmpty();
  }

  /** All threads are busy, or this executor is shut down. */
  private void queue(Runnable task) {
    ((Handover) getQueue()).append(task);
    if (isShutdown() && remove(task)) {
      throw new RejectedExecutionException("the executor is shut down");
    }
    // The last thread may have found the queue empty and gone meanwhile.
    prestartCoreThread();
  }

  /** Takes a task from the pool only if a thread waits for one, so that the pool begins another. */
  private static final class Handover extends LinkedTransferQueue<Runnable> {
    private static final long serialVersionUID = 1L;

    @Override
    public boolean offer(Runnable task) {
      return tryTransfer(task);
    }

    void append(Runnable task) {
      super.offer(task);
    }
  }
}
