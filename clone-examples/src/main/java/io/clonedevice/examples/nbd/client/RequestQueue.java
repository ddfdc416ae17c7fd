package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.NbdCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * The requests that wait for a link, in the order of their submission, and the sessions that live.
 *
 * <p>A flush goes to the oldest session alone, whose answer can be believed about most (see {@link
 * FlushLedger}); everything else goes to whichever link asks first.
 */
final class RequestQueue {
  private final ReentrantLock lock = new ReentrantLock();

  /** Links that have room and wait for a request. */
  private final Condition work = lock.newCondition();

  /** Links that wait for room, for a pause to end, and whoever waits for the queue to be idle. */
  private final Condition change = lock.newCondition();

  private final List<Session> sessions = new ArrayList<>(); // guarded by lock, as all that follows
  private Request head;
  private Request tail;
  private int waiting; // requests in the queue
  private int underWay; // requests submitted and not completed
  private State state = State.OPEN;

  /** How far closing has come; only ever goes on. */
  private enum State {
    OPEN,
    DRAINING,
    CLOSED
  }

  /** Adds a request; returns false if the queue takes no more. Never waits for I/O. */
  boolean submit(Request request) {
    lock.lock();
    try {
      if (state != State.OPEN) {
        return false;
      }
      underWay++;
      append(request);
      wake(request);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Puts requests of a lost session back to the front, in their order. */
  void resubmit(List<Request> requests) {
    lock.lock();
    try {
      for (int i = requests.size() - 1; i >= 0; i--) {
        Request request = requests.get(i);
        request.next = head;
        head = request;
        if (tail == null) {
          tail = request;
        }
        waiting++;
      }
      work.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** A request that was submitted has been completed. */
  void completed() {
    lock.lock();
    try {
      if (--underWay == 0 && state != State.OPEN) {
        change.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for requests that a session may send, and takes a fair share of them.
   *
   * @param batch receives them; at most {@code max}
   * @return whether the session goes on; false if it was lost or the queue is closed
   */
  boolean take(Session session, List<Request> batch, int max) {
    lock.lock();
    try {
      while (true) {
        if (state == State.CLOSED || session.isLost()) {
          return false;
        }
        if (!session.hasRoom()) {
          change.awaitUninterruptibly();
        } else {
          int share = Math.min(max, 1 + waiting / Math.max(1, sessions.size()));
          for (Request request = poll(session); request != null; request = poll(session)) {
            batch.add(request);
            session.begin(request);
            if (batch.size() == share || !session.hasRoom()) {
              break;
            }
          }
          if (!batch.isEmpty()) {
            return true;
          }
          work.awaitUninterruptibly();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** A session has begun. */
  void add(Session session) {
    lock.lock();
    try {
      sessions.add(session);
      change.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** A session is over; another one is the oldest now. */
  void remove(Session session) {
    lock.lock();
    try {
      sessions.remove(session);
      work.signalAll();
      change.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Something that a link waits for may have happened: room, or the loss of its session. */
  void wakeLinks() {
    lock.lock();
    try {
      work.signalAll();
      change.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits; false if the queue was closed before the time was up. */
  boolean pause(long ns) {
    lock.lock();
    try {
      awaitWhile(() -> state != State.CLOSED, ns);
      return state != State.CLOSED;
    } finally {
      lock.unlock();
    }
  }

  /** Whether no more requests are taken. */
  boolean isClosing() {
    lock.lock();
    try {
      return state != State.OPEN;
    } finally {
      lock.unlock();
    }
  }

  boolean isClosed() {
    lock.lock();
    try {
      return state == State.CLOSED;
    } finally {
      lock.unlock();
    }
  }

  /** Takes out the requests that were submitted before a moment. */
  List<Request> expire(long beforeNs) {
    lock.lock();
    try {
      List<Request> expired = new ArrayList<>();
      Request previous = null;
      for (Request request = head; request != null; request = request.next) {
        if (request.submittedNs - beforeNs < 0) {
          unlink(previous, request);
          expired.add(request);
        } else {
          previous = request;
        }
      }
      return expired;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes no more requests, and waits until all are completed, as long as there is a session to
   * complete them and time is left.
   *
   * @return whether this was the first call
   */
  boolean drain(long patienceNs) {
    lock.lock();
    try {
      boolean first = state == State.OPEN;
      if (first) {
        state = State.DRAINING;
      }
      awaitWhile(() -> state == State.DRAINING && underWay > 0 && !sessions.isEmpty(), patienceNs);
      return first;
    } finally {
      lock.unlock();
    }
  }

  /** Ends all links. Returns the requests that nobody took. */
  List<Request> close() {
    lock.lock();
    try {
      state = State.CLOSED;
      List<Request> left = new ArrayList<>();
      for (Request request = head; request != null; request = request.next) {
        left.add(request);
      }
      head = null;
      tail = null;
      waiting = 0;
      work.signalAll();
      change.signalAll();
      return left;
    } finally {
      lock.unlock();
    }
  }

  private Request poll(Session session) {
    Request previous = null;
    for (Request request = head; request != null; request = request.next) {
      if (request.command != NbdCommand.FLUSH || isOldest(session)) {
        unlink(previous, request);
        return request;
      }
      previous = request;
    }
    return null;
  }

  private boolean isOldest(Session session) {
    for (Session other : sessions) {
      if (other.birth() < session.birth() && !other.isLost()) {
        return false;
      }
    }
    return true;
  }

  private void append(Request request) {
    request.next = null;
    if (tail == null) {
      head = request;
    } else {
      tail.next = request;
    }
    tail = request;
    waiting++;
  }

  private void unlink(Request previous, Request request) {
    if (previous == null) {
      head = request.next;
    } else {
      previous.next = request.next;
    }
    if (request.next == null) {
      tail = previous;
    }
    waiting--;
  }

  /** Whoever waits for work has room and may take anything but a flush, so one is enough. */
  private void wake(Request request) {
    if (request.command == NbdCommand.FLUSH) {
      work.signalAll();
    } else {
      work.signal();
    }
  }

  /** Waits on {@code change}; an interrupt does not cut it short. */
  private void awaitWhile(BooleanSupplier condition, long ns) {
    boolean interrupted = false;
    for (long left = ns; left > 0 && condition.getAsBoolean(); ) {
      try {
        left = change.awaitNanos(left);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
