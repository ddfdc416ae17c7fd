package io.clonedevice.examples.nbd.client;

import java.util.ArrayList;
import java.util.List;

/**
 * The requests of one session that were sent, or are being sent, and have no reply yet, by cookie.
 *
 * <p>A request is done when it was sent whole <em>and</em> its reply has come: a server may answer
 * a write before it has read it all, and the caller must not get its buffer back while the writing
 * thread still sends from it. Whichever of the two threads is second completes the request; this
 * lock is the edge between them.
 */
final class InFlight {
  private static final int SLOT_BITS = 16;

  private final Request[] requests; // guarded by this, as all that follows
  private final long[] cookies;
  private final boolean[] sent;
  private final boolean[] replied;
  private final int[] free;
  private int freeCount;
  private long sequence;

  /**
   * @param capacity at most 65536
   */
  InFlight(int capacity) {
    requests = new Request[capacity];
    cookies = new long[capacity];
    sent = new boolean[capacity];
    replied = new boolean[capacity];
    free = new int[capacity];
    for (int slot = 0; slot < capacity; slot++) {
      free[slot] = capacity - 1 - slot;
    }
    freeCount = capacity;
  }

  synchronized boolean isFull() {
    return freeCount == 0;
  }

  /** Adds a request that is about to be sent; there must be room. Returns its cookie. */
  synchronized long add(Request request) {
    int slot = free[--freeCount];
    requests[slot] = request;
    cookies[slot] = sequence++ << SLOT_BITS | slot;
    sent[slot] = false;
    replied[slot] = false;
    return cookies[slot];
  }

  /** Returns the request of a cookie that a reply carries. */
  synchronized Request get(long cookie) throws NbdProtocolException {
    int slot = (int) (cookie & ((1 << SLOT_BITS) - 1));
    if (slot >= requests.length
        || requests[slot] == null
        || cookies[slot] != cookie
        || replied[slot]) {
      throw new NbdProtocolException(
          "a reply has cookie " + Long.toHexString(cookie) + ", which no request in flight has");
    }
    return requests[slot];
  }

  /** The request was sent whole; returns whether the caller must complete it. */
  synchronized boolean markSent(long cookie) {
    return isDone(cookie, sent, replied);
  }

  /** The reply has come whole; returns whether the caller must complete it. */
  synchronized boolean markReplied(long cookie) {
    return isDone(cookie, replied, sent);
  }

  private boolean isDone(long cookie, boolean[] mine, boolean[] other) {
    int slot = (int) (cookie & ((1 << SLOT_BITS) - 1));
    mine[slot] = true;
    if (!other[slot]) {
      return false;
    }
    requests[slot] = null;
    free[freeCount++] = slot;
    return true;
  }

  /** Returns when the request that waits longest was sent; {@code null} if there is none. */
  synchronized Request oldest() {
    Request oldest = null;
    for (Request request : requests) {
      if (request != null && (oldest == null || request.sentNs - oldest.sentNs < 0)) {
        oldest = request;
      }
    }
    return oldest;
  }

  /** Takes all requests out, oldest first; called when neither thread works on them any more. */
  synchronized List<Request> drain() {
    List<Request> all = new ArrayList<>();
    for (int slot = 0; slot < requests.length; slot++) {
      if (requests[slot] != null) {
        all.add(requests[slot]);
        requests[slot] = null;
        free[freeCount++] = slot;
      }
    }
    all.sort((a, b) -> Long.signum(a.submittedNs - b.submittedNs));
    return all;
  }
}
