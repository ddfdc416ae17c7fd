package io.clonedevice.examples.nbd.client;

import java.util.ArrayList;
import java.util.List;

/**
 * Knows which flushes can be believed.
 *
 * <p>A server that was restarted, or whose machine was, may have lost what it acknowledged and had
 * not made durable, and then answers a flush with success. The protocol does not tell that it was
 * restarted, but a session does not outlive its server. So sessions are numbered by birth, and each
 * change remembers the newest session that existed when it was sent. A flush that is answered on a
 * session proves that the server has not changed since that session's birth: it is believed if
 * every change that it covers was sent after that. If not, it fails, once: the caller now knows
 * that those changes may be lost, as after a failed fsync.
 *
 * <p>All methods may be called by any thread.
 */
final class FlushLedger {
  /** The birth that is asked for when there is nothing to make durable: any session will do. */
  static final long ANY = Long.MAX_VALUE;

  /** What a request that is no flush needs. */
  static final long NONE = -1;

  private long births; // guarded by this, as all that follows

  /** The oldest change that was acknowledged since the last flush began, by the birth it saw. */
  private long oldest = ANY;

  /** The same for each flush that has begun and not ended. */
  private final List<Long> begun = new ArrayList<>();

  /** A session has begun; returns its number. */
  synchronized long born() {
    return ++births;
  }

  /** Returns the number of the newest session, for a change that is about to be sent. */
  synchronized long newest() {
    return births;
  }

  /**
   * A change was acknowledged that is not durable yet; to be called before the caller learns it.
   */
  synchronized void acknowledged(long newestWhenSent) {
    oldest = Math.min(oldest, newestWhenSent);
  }

  /** A flush begins; returns the birth that the session which answers it must have at most. */
  synchronized long begin() {
    long needed = oldest;
    for (long other : begun) {
      needed = Math.min(needed, other);
    }
    begun.add(needed);
    oldest = ANY;
    return needed;
  }

  /**
   * A flush has ended, well or not: what it covered is durable, or its caller learns that it may be
   * lost.
   */
  synchronized void end(long needed) {
    begun.remove((Long) needed);
  }
}
