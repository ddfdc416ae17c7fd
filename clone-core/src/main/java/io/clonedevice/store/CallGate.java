package io.clonedevice.store;

import java.nio.channels.ClosedChannelException;

/**
 * Counts the calls that are under way, so that closing can refuse new ones and wait for the rest.
 *
 * <p>A call costs two uncontended atomic additions and no lock.
 */
final class CallGate {
  // Changed by callers. Enter counts and then reads closed, close sets closed and then reads the
  // counts; both are sequentially consistent, so a call is either refused or waited for.
  private final EntryCount underWay = new EntryCount();
  private volatile boolean closed;

  /** Begins a call; {@link #leave()} must follow on the same thread unless this throws. */
  void enter() throws ClosedChannelException {
    if (!tryEnter()) {
      throw new ClosedChannelException();
    }
  }

  /** Begins a call, if this returns true; {@link #leave()} must follow on the same thread then. */
  boolean tryEnter() {
    underWay.enter();
    if (closed) {
      leave();
      return false;
    }
    return true;
  }

  /** Ends a call. */
  void leave() {
    underWay.exit();
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
    while (underWay.inside() != 0) {
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
}
