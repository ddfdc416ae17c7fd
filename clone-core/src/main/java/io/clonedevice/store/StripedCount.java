package io.clonedevice.store;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * A sum that many threads change without meeting: a thread adds to a stripe of its own, as long as
 * there are not more threads than stripes.
 *
 * <p>Thread-safe; each addition and each look at a stripe is sequentially consistent. The sum is
 * taken stripe by stripe, so what is added meanwhile may be in it or not; but of two additions of
 * one thread never the later without the earlier.
 */
public final class StripedCount {
  private static final int STRIPES =
      Integer.highestOneBit(Math.max(1, Math.min(64, Runtime.getRuntime().availableProcessors())))
          * 2;
  private static final int STRIDE = 16; // longs; keeps stripes on cache lines of their own

  // Any thread, atomically; the first stride keeps what lies before the array away.
  private final AtomicLongArray stripes = new AtomicLongArray((STRIPES + 1) * STRIDE);

  /** Makes a count of zero. */
  public StripedCount() {}

  /**
   * Adds.
   *
   * @param delta any number; sums are modulo 2^64
   */
  public void add(long delta) {
    int thread = (int) Thread.currentThread().getId() & (STRIPES - 1);
    stripes.getAndAdd((1 + thread) * STRIDE, delta);
  }

  /**
   * Returns the sum of all additions.
   *
   * @return modulo 2^64
   */
  public long sum() {
    long sum = 0;
    for (int stripe = 1; stripe <= STRIPES; stripe++) {
      sum += stripes.get(stripe * STRIDE);
    }
    return sum;
  }
}
