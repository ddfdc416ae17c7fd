package io.clonedevice.store;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts who has entered something, and who is inside, without that threads meet: each counts on a
 * stripe of its own, as long as there are not more threads than stripes.
 *
 * <pre>
 *   stripe:  | 63 ... 32  entered |  31 ... 0  inside |        inside is negative where more leave than enter
 * </pre>
 *
 * <p>Thread-safe; each change of a stripe and each look at one is sequentially consistent. Sums are
 * taken stripe by stripe, so who enters or leaves meanwhile may be counted or not; but one who
 * enters and leaves on the same thread is never seen to leave only.
 */
public final class EntryCount {
  private static final int STRIPES =
      Integer.highestOneBit(Math.max(1, Math.min(64, Runtime.getRuntime().availableProcessors())))
          * 2;
  private static final int STRIDE = 16; // longs; keeps stripes on cache lines of their own
  private static final int ENTERED_SHIFT = 32;
  private static final long INSIDE = 1;
  private static final long ENTERING = (1L << ENTERED_SHIFT) + INSIDE;

  // Any thread, atomically; the first stride keeps what lies before the array away.
  private final AtomicLongArray stripes = new AtomicLongArray((STRIPES + 1) * STRIDE);

  /** Makes a count of nobody. */
  public EntryCount() {}

  /** Counts one who enters; {@link #exit} must follow, on any thread. */
  public void enter() {
    add(ENTERING);
  }

  /**
   * Counts several who enter.
   *
   * @param count how many; not negative
   */
  public void enter(int count) {
    add(count * ENTERING);
  }

  /** Counts one who leaves. */
  public void exit() {
    add(-INSIDE);
  }

  /**
   * Returns how many are inside.
   *
   * @return exact while nobody enters or leaves, near that else
   */
  public int inside() {
    return inside(sum());
  }

  /**
   * Returns how many have entered.
   *
   * @return modulo 2^32: whether it has changed tells whether somebody has
   */
  public int entered() {
    long sum = sum();
    return (int) ((sum - inside(sum)) >>> ENTERED_SHIFT);
  }

  private static int inside(long sum) {
    return (int) sum;
  }

  private void add(long delta) {
    int thread = (int) Thread.currentThread().getId() & (STRIPES - 1);
    stripes.getAndAdd((1 + thread) * STRIDE, delta);
  }

  private long sum() {
    long sum = 0;
    for (int stripe = 1; stripe <= STRIPES; stripe++) {
      sum += stripes.get(stripe * STRIDE);
    }
    return sum;
  }
}
