package io.clonedevice.engine;

import io.clonedevice.store.EntryCount;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts the requests inside the device and keeps new ones out while it is suspended or closed.
 *
 * <p>Entering and leaving an open gate is one atomic addition each, to a stripe of the thread's
 * own. Thread-safe.
 */
final class RequestGate {
  private static final int CLOSED = 1;
  private static final int SUSPENDED = 2;
  private static final int OPEN = 0;

  // Any thread. Who enters counts itself and then looks at the state, who shuts the gate sets the
  // state and then looks at the count; both are sequentially consistent, so a request is kept out
  // or waited for. One that is kept out counts itself in and out on one thread, so it is not seen
  // to leave before it came. Edge: what a request did happens-before whoever saw its exit.
  private final EntryCount requests = new EntryCount();

  // Written under lock, read by all: OPEN, or CLOSED and SUSPENDED in any combination.
  private volatile int state = OPEN;

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
    requests.enter();
    if (state == OPEN) {
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
    requests.exit();
    if (state != OPEN && isEmpty()) {
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
      state |= SUSPENDED;
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
      requests.enter(entered.size());
      state &= ~SUSPENDED;
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
      state |= CLOSED;
      lock.notifyAll();
    }
    // Some of those inside may be this thread's to tell, and no more come that would keep it so.
    InTurn.finish();
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
      if (state != OPEN || !isEmpty()) {
        return false;
      }
      state = SUSPENDED;
      try {
        boolean alone = isEmpty();
        if (alone) {
          action.run();
        }
        return alone;
      } finally {
        state = OPEN;
        lock.notifyAll();
      }
    }
  }

  /** Returns how many are inside; near that while some enter and leave. */
  long requestsInside() {
    return Math.max(0, requests.inside());
  }

  /** Returns how many requests have entered, modulo 2^32. */
  int requestsEntered() {
    return requests.entered();
  }

  boolean isSuspended() {
    return (state & SUSPENDED) != 0;
  }

  boolean isClosed() {
    return (state & CLOSED) != 0;
  }

  static IllegalStateException closedException() {
    return new IllegalStateException("the clone device is closed; open it again");
  }

  private void checkOpen() {
    if (isClosed()) {
      throw closedException();
    }
  }

  /** Sure only while the gate is not open. */
  private boolean isEmpty() {
    return requests.inside() == 0;
  }

  private void awaitEmpty() {
    waiting.until(lock, this::isEmpty);
    waiting.briefly(leaving::areTold);
  }
}
