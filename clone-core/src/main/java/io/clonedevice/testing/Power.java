package io.clonedevice.testing;

import io.clonedevice.store.IoCompletion.IoCall;
import java.io.IOException;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * What several stores run on: a cut comes between their calls, for all of them at one instant, so
 * that no state is seen that never was. Thread-safe.
 */
final class Power {
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean off; // guarded by the lock

  /** Makes a call; fails it if the power is off. */
  void during(IoCall call) throws IOException {
    lock.readLock().lock();
    try {
      if (off) {
        throw new IOException("the power is off");
      }
      call.run();
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Waits for calls under way, then turns the power off for good and looks at what is left. */
  <T> T cut(Supplier<T> left) {
    lock.writeLock().lock();
    try {
      off = true;
      return left.get();
    } finally {
      lock.writeLock().unlock();
    }
  }
}
