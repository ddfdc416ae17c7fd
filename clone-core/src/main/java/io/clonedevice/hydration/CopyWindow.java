package io.clonedevice.hydration;

/**
 * How many copies of a device run at once where nobody set a threshold: enough to hide the latency
 * of a slow source, and no more than that, for copies into one file keep each other waiting.
 *
 * <p>Tries twice as many (four times where it is slow), and keeps them where hydration is clearly
 * faster; or half as many, and keeps those where it is about as fast; and so on, each way until a
 * trial comes to nothing. What the bytes took is all that it looks at, so it needs to know nothing
 * about the stores:
 *
 * <pre>
 *   rate        ______ 64         a source that is far away: more until the pipe is full
 *            __/
 *         __/
 *      __/        _____ __ _ __   a local file: one is as fast as four, and each trial of two
 *     4   16  32  4 2 1 2  1 2    ends where it began
 * </pre>
 *
 * <p>A trial counts only if hydration had nothing but this window to wait for all the time. {@link
 * #copies} is for any thread, the rest is confined to the hydrator agent.
 */
final class CopyWindow {
  static final int LEAST = 1;
  static final int FIRST = 4;
  static final int MOST = 64;

  /**
   * A rate is taken over as many copies as may run at once or a multiple of that, for copies that
   * began together end together, and at least this long.
   */
  private static final long MEASURED_NS_MIN = 100_000_000;

  /**
   * The same until both ways have been tried: to find a latency of 10 ms must not take a second.
   */
  private static final long MEASURED_AT_FIRST_NS_MIN = 20_000_000;

  /** Rates taken between two trials, so that trials that come to nothing cost little. */
  private static final int REST = 32;

  /** After so many trials that came to nothing a rate takes its full time. */
  private static final int FRUITLESS_BOTH_WAYS = 2;

  /** After so many there is a rest between two trials. */
  private static final int FRUITLESS_AT_FIRST = 3;

  /** A rate of less (500 MB/s) hints at a latency. */
  private static final double FAST_BYTES_PER_NS = 0.5;

  /** So many times as many are tried while even so many times the rate would hint at one. */
  private static final int FAR = 4;

  private static final double FASTER = 1.1;
  private static final double AS_FAST = 0.95;

  // Written by the agent; read by any thread. Edge: volatile.
  private volatile int copies = FIRST;

  private boolean trying;
  private boolean upwards;
  private boolean started;
  private int copiesBefore = FIRST;
  private double rateBefore;
  private int rest;
  private int fruitless;

  // The rate that is being taken: what ends before `ended` reaches `copies` began before it.
  private int ended;
  private long bytes;
  private long beganNs;

  /** Returns how many copies may run at once. */
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
      if (ended % copies == 0 && nowNs - beganNs >= measuredNsMin()) {
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
      if (!started) {
        started = true;
        upwards = rate < FAST_BYTES_PER_NS;
      }
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
      turn(restAfterTrial());
    }
    measureAnew();
  }

  private void tryFrom(double rate) {
    int more = rate * FAR < FAST_BYTES_PER_NS ? FAR : 2;
    int next = upwards ? Math.min(MOST, copies * more) : Math.max(LEAST, copies / 2);
    if (next == copies) {
      // A trial that was wrongly refused leaves it below the most.
      turn(copies == MOST ? REST : restAfterTrial());
      return;
    }
    trying = true;
    copiesBefore = copies;
    rateBefore = rate;
    copies = next;
  }

  private void turn(int rates) {
    upwards = !upwards;
    rest = rates;
  }

  /**
   * Short rates say little, and a store that has just been opened becomes faster by itself: what
   * the first trials told is tried again at once.
   */
  private int restAfterTrial() {
    return fruitless < FRUITLESS_AT_FIRST ? 0 : REST;
  }

  private long measuredNsMin() {
    return fruitless < FRUITLESS_BOTH_WAYS ? MEASURED_AT_FIRST_NS_MIN : MEASURED_NS_MIN;
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
