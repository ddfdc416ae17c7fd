package io.clonedevice.hydration;

/**
 * How many copies of a device may be in flight where nobody set a threshold: enough to hide the
 * latency of a slow source, and no more than that.
 *
 * <p>Tries twice as many; where that makes hydration clearly faster it stays and tries again,
 * otherwise it goes back. From time to time it tries half as many in the same way, and keeps them
 * where hydration is about as fast. What the bytes took is all that it looks at, so it needs to
 * know nothing about the stores:
 *
 * <pre>
 *   rate        ______ 64         a source that is far away: doubled until the pipe is full
 *            __/
 *         __/
 *      __/       __ _ __ _ __     a local file: each trial ends where it began
 *     4   8  16    4 8  4 8
 * </pre>
 *
 * <p>A trial counts only if hydration had nothing but this window to wait for all the time. {@link
 * #copies} is for any thread, the rest is confined to the hydrator agent.
 */
final class CopyWindow {
  static final int LEAST = 4;
  static final int MOST = 64;

  /**
   * A rate is taken over as many copies as may be in flight or a multiple of that, for copies that
   * began together end together, and at least this long.
   */
  private static final long MEASURED_NS_MIN = 100_000_000;

  /** The same until it came to nothing once: to find a latency of 10 ms must not take a second. */
  private static final long MEASURED_AT_FIRST_NS_MIN = 20_000_000;

  /** Rates taken between two trials, so that trials that come to nothing cost little. */
  private static final int REST = 16;

  /** After so many trials that came to nothing there is a rest between two of them. */
  private static final int FRUITLESS_AT_FIRST = 3;

  private static final double FASTER = 1.1;
  private static final double AS_FAST = 0.95;

  // Written by the agent; read by any thread. Edge: volatile.
  private volatile int copies = LEAST;

  private long measuredNsMin = MEASURED_AT_FIRST_NS_MIN;
  private boolean trying;
  private boolean upwards = true;
  private int copiesBefore = LEAST;
  private double rateBefore;
  private int rest;
  private int fruitless;

  // The rate that is being taken: what ends before `ended` reaches `copies` began before it.
  private int ended;
  private long bytes;
  private long beganNs;

  /** Returns how many copies may be in flight. */
  int copies() {
    return copies;
  }

  /** A copy has ended; so many bytes are on the destination, 0 if it failed. */
  void copyEnded(long nowNs, long copied) {
    ended++;
    if (ended == copies) {
      beganNs = nowNs;
    } else if (ended > copies) {
      bytes += copied;
      if (ended % copies == 0 && nowNs - beganNs >= measuredNsMin) {
        rateTaken((double) bytes / (nowNs - beganNs));
      }
    }
  }

  /** Something else than the window kept a copy from starting: what was measured says nothing. */
  void heldUp() {
    if (trying) {
      goBack();
    }
    measureAnew();
  }

  private void rateTaken(double rate) {
    if (!trying) {
      if (rest > 0) {
        rest--;
      } else {
        tryFrom(rate);
      }
    } else if (rate > rateBefore * (upwards ? FASTER : AS_FAST)) {
      trying = false;
      tryFrom(rate);
    } else {
      goBack();
      fruitless++;
      turn(isBeginning() ? 0 : REST);
    }
    measureAnew();
  }

  private void tryFrom(double rate) {
    int next = upwards ? Math.min(MOST, copies * 2) : Math.max(LEAST, copies / 2);
    if (next == copies) {
      // A trial that was wrongly refused leaves it at the least, never at the most.
      turn(copies == LEAST && isBeginning() ? 0 : REST);
      return;
    }
    trying = true;
    copiesBefore = copies;
    rateBefore = rate;
    copies = next;
  }

  /**
   * Short rates say little, and a store that has just been opened becomes faster by itself: what
   * the first trials told is tried the other way, and again, without a rest.
   */
  private boolean isBeginning() {
    return fruitless < FRUITLESS_AT_FIRST;
  }

  private void turn(int rates) {
    upwards = !upwards;
    rest = rates;
    measuredNsMin = MEASURED_NS_MIN;
  }

  private void goBack() {
    trying = false;
    copies = copiesBefore;
  }

  private void measureAnew() {
    ended = 0;
    bytes = 0;
  }
}
