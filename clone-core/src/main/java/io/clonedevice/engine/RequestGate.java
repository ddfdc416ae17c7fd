package io.clonedevice.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the requests inside the device and keeps new ones out while it is suspended or closed.
 *
 * <pre>
 *   state:  | 63 ... 32  requests entered |  31 CLOSED | 30 SUSPENDED |  29 ... 0  inside  |
 * </pre>
 *
 * <p>What has entered is counted modulo 2^32: it tells whether there were requests since one looked
 * last, whether or not one is inside then.
 *
 * <p>Entering and leaving an open gate is one atomic addition each. Thread-safe.
 */
final class RequestGate {
  private static final int ENTERED_SHIFT = 32;
  private static final long CLOSED = 1L << 31;
  private static final long SUSPENDED = 1L << 30;
  private static final long FLAGS = CLOSED | SUSPENDED;
  private static final long INSIDE = SUSPENDED - 1;
  private static final long ENTERING = (1L << ENTERED_SHIFT) + 1;

  // Any thread, atomically. Edge: what a request did happens-before whoever saw its exit.
  private final AtomicLong state = new AtomicLong();

  private final LeavingRequests leaving = new LeavingRequests();
  private final Waiting waiting;
  private final Object lock = new Object();

  // Guarded by lock. Asynchronous requests that arrived while the gate was suspended.
  private final ArrayDeque<Request> parked = new ArrayDeque<>();

  RequestGate(Waiting waiting) {
    this.waiting = waiting;
  }

  /** Enters if the gate is open; never waits. */
  boolean tryEnter() {
    if ((state.addAndGet(ENTERING) & FLAGS) == 0) {
      return true;
    }
    exit();
    return false;
  }

  /** Enters, or waits until the gate is open. */
  void enter() {
    while (!tryEnter()) {
      waiting.until(lock, () -> isClosed() || !isSuspended());
      checkOpen();
    }
  }

  /**
   * Enters, or parks the request until the gate is open.
   *
   * @return whether the request is inside
   */
  boolean enterOrPark(Request request) {
    while (!tryEnter()) {
      synchronized (lock) {
        checkOpen();
        if (isSuspended()) {
          parked.add(request);
          return false;
        }
      }
    }
    return true;
  }

  void exit() {
    long now = state.decrementAndGet();
    if ((now & FLAGS) != 0 && (now & INSIDE) == 0) {
      synchronized (lock) {
        lock.notifyAll();
      }
    }
  }

  /**
   * Leaves before the request is told, as that may run code that closes the gate; who waits for the
   * gate to be empty waits until the request is told, too.
   *
   * @return for {@link #told}
   */
  int exit(Request request) {
    int place = leaving.add(request);
    exit();
    return place;
  }

  void told(Request request, int place) {
    leaving.remove(place, request);
  }

  /** Keeps new requests waiting and waits until those inside have left. */
  void suspend() {
    synchronized (lock) {
      checkOpen();
      state.getAndUpdate(s -> s | SUSPENDED);
    }
    awaitEmpty();
  }

  /**
   * Opens the gate again.
   *
   * @return the requests that were parked; they are inside now
   */
  List<Request> resume() {
    synchronized (lock) {
      checkOpen();
      List<Request> entered = new ArrayList<>(parked);
      parked.clear();
      state.getAndUpdate(s -> (s & ~SUSPENDED) + entered.size() * ENTERING);
      lock.notifyAll();
      return entered;
    }
  }

  /**
   * Refuses new requests from now on and waits until those inside have left.
   *
   * @return the requests that were parked; they are not inside
   */
  List<Request> close() {
    synchronized (lock) {
      state.getAndUpdate(s -> s | CLOSED);
      lock.notifyAll();
    }
    awaitEmpty();
    synchronized (lock) {
      List<Request> refused = new ArrayList<>(parked);
      parked.clear();
      return refused;
    }
  }

  /**
   * Runs an action while nobody is inside, if that is so now; those who want to enter meanwhile
   * wait for it.
   *
   * @return whether the action ran
   */
  boolean runIfEmpty(Runnable action) {
    synchronized (lock) {
      long now = state.get();
      if ((now & (FLAGS | INSIDE)) != 0 || !state.compareAndSet(now, now | SUSPENDED)) {
        return false;
      }
      try {
        action.run();
      } finally {
        state.getAndUpdate(s -> s & ~SUSPENDED);
        lock.notifyAll();
      }
      return true;
    }
  }

  long requestsInside() {
    return state.get() & INSIDE;
  }

  /** Returns how many requests have entered, modulo 2^32. */
  int requestsEntered() {
    return (int) (state.get() >>> ENTERED_SHIFT);
  }

  boolean isSuspended() {
    return (state.get() & SUSPENDED) != 0;
  }

  boolean isClosed() {
    return (state.get() & CLOSED) != 0;
  }

  static IllegalStateException closedException() {
    return new IllegalStateException("the clone device is closed; open it again");
  }

  private void checkOpen() {
    if (isClosed()) {
      throw closedException();
    }
  }

  private void awaitEmpty() {
    waiting.until(lock, () -> requestsInside() == 0);
    waiting.briefly(leaving::areTold);
  }
}
