package io.clonedevice.examples.nbd.server;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/** The large buffers of a server's connections, out of its budget. Thread-safe, never waits. */
final class LargeBuffers {
  /** A long read or write of most clients, and more than a socket of the default size holds. */
  static final int DATA_MAX = 1 << 20;

  /** With a page, so that what comes before the data fits beside it. */
  static final int SIZE = DATA_MAX + 4096;

  /** A few, whose memory need not be found and cleared again while connections take turns. */
  private static final int KEPT_MAX = 16;

  private final MemoryBudget budget;

  // Guarded by this. The last one to come is the first one to go.
  private final ArrayDeque<ByteBuffer> kept = new ArrayDeque<>();

  LargeBuffers(MemoryBudget budget) {
    this.budget = budget;
  }

  /** Returns a cleared buffer of any content, or {@code null} if there is no memory for one. */
  ByteBuffer tryTake() {
    if (!budget.tryReserve(SIZE)) {
      return null;
    }
    ByteBuffer buffer = poll();
    if (buffer != null) {
      return buffer.clear();
    }
    try {
      return ByteBuffer.allocateDirect(SIZE);
    } catch (OutOfMemoryError e) {
      // Direct memory is the whole program's; the budget is not all that takes of it.
      budget.release(SIZE);
      return null;
    }
  }

  /** Takes one back that nobody uses any more. */
  void giveBack(ByteBuffer buffer) {
    offer(buffer);
    budget.release(SIZE);
  }

  /** Whether those who wait should not keep one: so half of the budget is for those who do not. */
  boolean areScarce() {
    return budget.isHalfUsed();
  }

  private synchronized ByteBuffer poll() {
    return kept.pollLast();
  }

  private synchronized void offer(ByteBuffer buffer) {
    if (kept.size() < KEPT_MAX) {
      kept.addLast(buffer);
    }
  }
}
