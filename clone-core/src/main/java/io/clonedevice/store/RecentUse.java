package io.clonedevice.store;

/**
 * How long something is in use: while somebody is inside, and for 5 ms after it was seen that
 * somebody had entered, so that more are to be expected. What takes microseconds is hardly ever
 * seen inside, and yet those that come every millisecond would be met all the time. Thread-safe.
 */
public final class RecentUse {
  /** Those that come 200 times a second or more use it all the time. */
  static final long LASTS_NS = 5_000_000;

  // Guarded by this.
  private int entered;
  private long untilNs;

  /**
   * Makes one of what nobody has entered.
   *
   * @param nowNs of {@link System#nanoTime}, as all others
   */
  public RecentUse(long nowNs) {
    this.untilNs = nowNs;
  }

  /**
   * Looks.
   *
   * @param nowNs the time
   * @param inside how many are inside
   * @param entered how many have entered, modulo 2^32
   * @see EntryCount
   */
  public synchronized void look(long nowNs, long inside, int entered) {
    if (inside > 0 || entered != this.entered) {
      this.entered = entered;
      untilNs = nowNs + LASTS_NS;
    }
  }

  /**
   * Returns for how much longer it is in use, if nobody enters.
   *
   * @param nowNs the time
   * @return nanoseconds; 0 or less: it is not in use
   */
  public synchronized long remainingNs(long nowNs) {
    return untilNs - nowNs;
  }
}
