package io.clonedevice.engine;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The requests that have left the gate and whose futures are not complete yet: each for a moment,
 * in which none of the user's code runs. Thread-safe.
 *
 * <p>A place holds the last request that a thread has told, until that has returned from all that
 * depends on it; only one that is not done matters, and any other may be overwritten.
 */
final class LeavingRequests {
  private static final int PLACES = 32;
  private static final int STRIDE = 16; // references; keeps places on cache lines of their own

  // Set by a thread that ends a request, before that leaves the gate; read by one that has seen the
  // gate empty. Edge: the gate's counter.
  private final AtomicReferenceArray<Request> places = new AtomicReferenceArray<>(PLACES * STRIDE);

  /** Returns the request's place. */
  int add(Request request) {
    for (long i = Thread.currentThread().getId(); ; i++) {
      int place = ((int) i & (PLACES - 1)) * STRIDE;
      Request other = places.get(place);
      if ((other == null || other.isDone()) && places.compareAndSet(place, other, request)) {
        return place;
      }
    }
  }

  void remove(int place, Request request) {
    places.compareAndSet(place, request, null);
  }

  boolean areTold() {
    for (int place = 0; place < PLACES * STRIDE; place += STRIDE) {
      Request request = places.get(place);
      if (request != null && !request.isDone()) {
        return false;
      }
    }
    return true;
  }
}
