package io.clonedevice.hydration;

/**
 * How many copies of a device run at once where nobody set a threshold: enough to hide the latency
 * of a slow source, and no more than that. Copies into one file keep each other waiting, and the
 * fewer buffers there are the more of them are in the processor's cache.
 *
 * <p>Begins with one, and stays there if the shortest of the first ones was short enough. If not,
 * what that took tells about how many it takes to reach a good rate. After that it tries half as
 * many, and keeps them where hydration is about as fast, and twice as many, and keeps those where
 * it is clearly faster; and so on, each way until a trial comes to nothing, and rests when both
 * have, as long as hydration does not become much slower. What the bytes took is all that it looks
 * at, so it needs to know nothing about the stores:
 *
 * <pre>
 *   rate     ____ ______ ____    a source that is far away
 *           /    v      v
 *       1  64   32     32
 *       __ __ ______ ______      a local file that was slow at first
 *       1  8 421    2 1
 * </pre>
 *
 * <p>A trial counts only if hydration had nothing but this window to wait for all the time. {@link
 * #copies} is for any thread, the rest is confined to the hydrator agent.
 */
final class CopyWindow {
  private static final int LEAST = 1;
  private static final int MOST = 64;

  /**
   * How long copies are made one by one after the first one, and how many at least: the first one
   * has classes to load.
   */
  private static final long PROBING_NS = 20_000_000;

  private static final int PROBES_MIN = 2;

  /** One copy at a time is enough for a source from which one has this rate. */
  private static final double ENOUGH_BYTES_PER_NS = 1;

  /**
   * What others begin with as many copies for as would reach it, if nothing but the latency took
   * time: too many rather than too few, for fewer are tried first and soon. Where requests keep
   * trials from coming to anything, half of it has to do.
   */
  private static final double GOAL_BYTES_PER_NS = 4;

  /**
   * A rate is taken over as many copies as may run at once or a multiple of that, for copies that
   * began together end together, and at least this long.
   */
  private static final long MEASURED_NS_MIN = 100_000_000;

  /** Rates taken between trials of both ways, so that trials that come to nothing cost little. */
  private static final int REST = 16;

  private static final double FASTER = 1.1;
  private static final double MUCH_SLOWER = 0.5;
  private static final double AS_FAST = 0.95;

  // Written by the agent; read by any thread. Edge: volatile.
  private volatile int copies = LEAST;

  private boolean probing = true;
  private int probes;
  private long probingEndNs;
  private double leastNsPerByte = Double.MAX_VALUE;

  private boolean trying;
  private boolean upwards;
  private boolean turned; // since a trial came to something, or since a rest
  private int copiesBefore = LEAST;
  private double rateBefore;
  private int rest;
  private double restRate;

  // The rate that is being taken, without the first ones to end: as many may have begun before it.
  private int ended;
  private int older = LEAST;
  private long bytes;
  private long beganNs;

  /** Returns how many copies may run at once. */
  int copies() {
    return copies;
  }

  /** Returns whether copies are made one by one, such that each tells how long it takes. */
  boolean isProbing() {
    return probing;
  }

  /** A copy has ended; so many bytes are on the destination, 0 if it failed. */
  void copyEnded(long nowNs, long durationNs, long copied) {
    if (probing) {
      probe(nowNs, durationNs, copied);
      return;
    }
    ended++;
    if (ended == older) {
      beganNs = nowNs;
    } else if (ended > older) {
      bytes += copied;
      if ((ended - older) % copies == 0 && nowNs - beganNs >= MEASURED_NS_MIN) {
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

  private void probe(long nowNs, long durationNs, long copied) {
    if (copied == 0) {
      return;
    }
    if (probes == 0) {
      probingEndNs = nowNs + PROBING_NS;
    }
    probes++;
    leastNsPerByte = Math.min(leastNsPerByte, (double) durationNs / copied);
    if (probes >= PROBES_MIN && nowNs - probingEndNs >= 0) {
      probing = false;
      begin();
    }
  }

  private void begin() {
    if (leastNsPerByte * ENOUGH_BYTES_PER_NS <= 1) {
      rest(ENOUGH_BYTES_PER_NS);
      return;
    }
    double wanted = Math.min(MOST, leastNsPerByte * GOAL_BYTES_PER_NS);
    double wantedForHalf = Math.min(MOST, leastNsPerByte * GOAL_BYTES_PER_NS / 2);
    copies = Integer.highestOneBit((int) wantedForHalf);
    tryInstead(2 * Integer.highestOneBit((int) Math.ceil(wanted) - 1), 0);
  }

  private void rateTaken(double rate) {
    older = copies;
    if (!trying) {
      if (rest > 0) {
        rest = rate < restRate * MUCH_SLOWER ? 0 : rest - 1;
      } else {
        tryFrom(rate);
      }
    } else if (rate > rateBefore * (upwards ? FASTER : AS_FAST)) {
      trying = false;
      turned = false;
      tryFrom(rate);
    } else {
      goBack();
      turn(rateBefore);
    }
    measureAnew();
  }

  private void tryFrom(double rate) {
    int next = upwards ? Math.min(MOST, copies * 2) : Math.max(LEAST, copies / 2);
    if (next == copies) {
      turn(rate);
    } else {
      tryInstead(next, rate);
    }
  }

  private void tryInstead(int next, double rate) {
    trying = true;
    copiesBefore = copies;
    rateBefore = rate;
    change(next);
  }

  private void goBack() {
    trying = false;
    change(copiesBefore);
  }

  private void change(int next) {
    older = Math.max(copies, next);
    copies = next;
  }

  /** Tries the other way next, after a rest if that one came to nothing before. */
  private void turn(double rate) {
    upwards = !upwards;
    if (turned) {
      rest(rate);
    }
    turned = !turned;
  }

  private void rest(double rate) {
    rest = REST;
    restRate = rate;
  }

  private void measureAnew() {
    ended = 0;
    bytes = 0;
  }
}
