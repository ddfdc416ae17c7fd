package io.clonedevice.testing;

import io.clonedevice.store.BlockStore;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * A store that takes its time: for demonstrations and benchmarks. Calls of several threads are
 * delayed side by side. Tests that need an order use {@link GatedBlockStore}.
 */
public final class SlowBlockStore extends InterceptingBlockStore {
  private final long delayNs;

  /**
   * Makes a slow store.
   *
   * @param delegate where calls go after the delay; closed with this store
   * @param delay added to each call; {@code >= 0}
   */
  public SlowBlockStore(BlockStore delegate, Duration delay) {
    super(delegate);
    if (delay.isNegative()) {
      throw new IllegalArgumentException("delay is " + delay + "; use zero or more");
    }
    this.delayNs = delay.toNanos();
  }

  /** Returns {@link Execution#IO_EXECUTOR}: all calls wait on the calling thread. */
  @Override
  public Execution execution() {
    return Execution.IO_EXECUTOR;
  }

  @Override
  void before(StoreCall call) {
    if (delayNs == 0) {
      return;
    }
    boolean interrupted = Thread.interrupted();
    long start = System.nanoTime();
    for (long rest = delayNs; rest > 0; rest = delayNs - (System.nanoTime() - start)) {
      LockSupport.parkNanos(this, rest);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
