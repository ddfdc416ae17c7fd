package io.clonedevice.store;

import java.nio.channels.ClosedChannelException;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts the calls that are under way, so that closing can refuse new ones and wait for the rest.
 *
 * <p>The count is striped by thread: a call costs two uncontended atomic additions and no lock.
 */
final class CallGate {
  private static final int STRIPES =
      Integer.highestOneBit(Math.max(1, Math.min(64, Runtime.getRuntime().availableProcessors())))
          * 2;
  private static final int STRIDE = 16; // longs; keeps stripes on cache lines of their own

  // Changed by callers. Enter adds and then reads closed, close sets closed and then reads the
  // counts; both are sequentially consistent, so a call is either refused or waited for.
  private final AtomicLongArray underWay = new AtomicLongArray((STRIPES + 1) * STRIDE);
  private volatile boolean closed;

  /** Begins a call; {@link #leave()} must follow on the same thread unless this throws. */
  void enter() throws ClosedChannelException {
    underWay.incrementAndGet(stripe());
    if (closed) {
      leave();
      throw new ClosedChannelException();
    }
  }

  /** Ends a call. */
  void leave() {
    underWay.decrementAndGet(stripe());
    if (closed) {
      synchronized (this) {
        notifyAll();
      }
    }
  }

  /**
   * Refuses calls from now on and waits for those under way; interrupts do not cut it short.
   *
   * @return whether this call was the first
   */
  synchronized boolean close() {
    boolean first = !closed;
    closed = true;
    boolean interrupted = false;
    while (!idle()) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return first;
  }

  private boolean idle() {
    for (int stripe = 1; stripe <= STRIPES; stripe++) {
      if (underWay.get(stripe * STRIDE) != 0) {
        return false;
      }
    }
    return true;
  }

  private static int stripe() {
    return (1 + ((int) Thread.currentThread().getId() & (STRIPES - 1))) * STRIDE;
  }
}
