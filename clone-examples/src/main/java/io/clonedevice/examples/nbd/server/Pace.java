package io.clonedevice.examples.nbd.server;

/**
 * Decides whether requests of one kind are served on the thread that read them, which is fastest as
 * long as they do not wait for a medium, or asynchronously, so that others overtake them.
 *
 * <p>After a few slow ones in a row (one may have lost a time slice to another process) the next
 * requests are asynchronous, the more the slower it was; then one is tried again. So trying costs a
 * small share of the time, whatever the medium. Used by the connection's reader only.
 */
final class Pace {
  /** One slow request costs its time once in as many requests as it has of these. */
  private static final long NS_PER_HELD = 2_000;

  private static final int HELD_MAX = 1 << 14;

  private final long slowNs;
  private final int strikesMax;
  private int held;
  private int strikes;

  private Pace(long slowNs, int strikesMax) {
    this.slowNs = slowNs;
    this.strikesMax = strikesMax;
  }

  /** For requests that gain by being in flight together as soon as they wait at all. */
  static Pace eager() {
    return new Pace(500_000, 3);
  }

  /**
   * For writes to where they are hydrated: those to a file take turns in the kernel anyway, and
   * wait now and then, several in a row, when it has too much to write back.
   */
  static Pace patient() {
    return new Pace(10_000_000, 8);
  }

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
    if (ns < slowNs) {
      strikes = 0;
    } else if (++strikes >= strikesMax) {
      held = (int) Math.min(HELD_MAX, ns / NS_PER_HELD);
      // The next try needs no further proof.
      strikes = strikesMax - 1;
    }
  }
}
