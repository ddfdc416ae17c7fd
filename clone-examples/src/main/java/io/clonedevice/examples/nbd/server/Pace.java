package io.clonedevice.examples.nbd.server;

/**
 * Decides whether requests of one kind are served on the thread that read them, which is fastest as
 * long as they do not wait for a medium, or asynchronously, so that others overtake them.
 *
 * <p>After two slow ones in a row the next requests are asynchronous, the more the slower it was;
 * then one is tried again. So trying costs a small share of the time, whatever the medium. Used by
 * the connection's reader only.
 */
final class Pace {
  /** What waited for a medium; a time slice lost to another process makes one, seldom two. */
  static final long SLOW_NS = 500_000;

  /** One slow request costs its time once in as many requests as it has of these. */
  private static final long NS_PER_HELD = 2_000;

  private static final int HELD_MAX = 1 << 14;
  private static final int STRIKES = 2;

  private int held;
  private int strikes;

  /** Whether the next request should be served by its reader. */
  boolean isInline() {
    if (held == 0) {
      return true;
    }
    held--;
    return false;
  }

  /** Tells how long a request took that was served by its reader. */
  void took(long ns) {
    if (ns < SLOW_NS) {
      strikes = 0;
    } else if (++strikes >= STRIKES) {
      held = (int) Math.min(HELD_MAX, ns / NS_PER_HELD);
      // The next try needs no second proof.
      strikes = STRIKES - 1;
    }
  }
}
