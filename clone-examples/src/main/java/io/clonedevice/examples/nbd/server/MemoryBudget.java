package io.clonedevice.examples.nbd.server;

import java.util.concurrent.atomic.AtomicLong;

/** What all connections may take beyond their own small buffers. Thread-safe, never waits. */
final class MemoryBudget {
  private final long size;
  private final AtomicLong free;

  MemoryBudget(long bytes) {
    this.size = bytes;
    this.free = new AtomicLong(bytes);
  }

  /** Takes memory if there is enough; a refusal must be an answer that costs nobody else. */
  boolean tryReserve(long bytes) {
    if (free.addAndGet(-bytes) >= 0) {
      return true;
    }
    free.addAndGet(bytes);
    return false;
  }

  void release(long bytes) {
    free.addAndGet(bytes);
  }

  boolean isHalfUsed() {
    return free.get() < size / 2;
  }
}
