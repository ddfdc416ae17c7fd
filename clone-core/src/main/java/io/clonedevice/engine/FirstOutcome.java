package io.clonedevice.engine;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.IoCompletion;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The outcome of one asynchronous call of a store, taken once. A store that completes a call twice,
 * or throws after it completed it, would otherwise end a part of a request that has not ended: the
 * request's caller would get back a buffer in use, and the device be closed under a call.
 */
final class FirstOutcome implements IoCompletion {
  private static final Logger LOG = LoggerFactory.getLogger(FirstOutcome.class);
  private static final AtomicIntegerFieldUpdater<FirstOutcome> TAKEN =
      AtomicIntegerFieldUpdater.newUpdater(FirstOutcome.class, "taken");

  private final BlockStore store;
  private final IoCompletion completion;
  private final Executor continuations;

  // Any thread, by compare-and-set.
  private volatile int taken;

  /**
   * @param continuations where the outcome is told, {@code null} for the thread that brings it
   */
  FirstOutcome(BlockStore store, IoCompletion completion, Executor continuations) {
    this.store = store;
    this.completion = completion;
    this.continuations = continuations;
  }

  @Override
  public void completed(Throwable failure) {
    if (taken != 0 || !TAKEN.compareAndSet(this, 0, 1)) {
      LOG.error("{} told the outcome of a call twice; the first counts", store, failure);
    } else if (continuations == null) {
      completion.completed(failure);
    } else {
      hop(failure);
    }
  }

  private void hop(Throwable failure) {
    try {
      continuations.execute(() -> completion.completed(failure));
    } catch (RuntimeException | Error e) {
      completion.completed(failure == null ? e : failure);
    }
  }
}
