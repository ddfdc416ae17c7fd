package io.clonedevice.examples.nbd.client;

import java.util.random.RandomGenerator;

/**
 * Pauses between attempts to connect: they double from attempt to attempt up to a limit, and each
 * is drawn from the upper half of that, so that many clients do not come back at the same moment.
 * Used by one thread.
 */
final class Backoff {
  private static final int DOUBLINGS = 6;

  private final long maxNs;
  private final RandomGenerator random;
  private int attempt;

  Backoff(long maxNs, RandomGenerator random) {
    this.maxNs = maxNs;
    this.random = random;
  }

  long nextDelayNs() {
    long ceiling = Math.max(2, maxNs >> Math.max(0, DOUBLINGS - attempt++));
    return ceiling / 2 + random.nextLong(ceiling - ceiling / 2 + 1);
  }

  /** A session was of use: the next pause is the shortest again. */
  void reset() {
    attempt = 0;
  }
}
