package io.clonedevice.store;

/**
 * Whether small writes contend with large ones: one is under way, or some were made since the last
 * look or a little while before it, so that more are to be expected. Thread-safe.
 */
final class SmallWriteContention {
  /** Those that come 200 times a second or more contend all the time. */
  static final long LASTS_NS = 5_000_000;

  // Guarded by this.
  private int entered;
  private boolean seenAny;
  private long seenNs;

  /**
   * Looks.
   *
   * @param inside how many small writes are under way
   * @param entered how many small writes there have been, modulo 2^32
   * @param nowNs of {@link System#nanoTime}
   * @return whether they contend
   */
  synchronized boolean isThere(int inside, int entered, long nowNs) {
    if (inside > 0 || entered != this.entered) {
      this.entered = entered;
      seenAny = true;
      seenNs = nowNs;
    }
    return seenAny && nowNs - seenNs < LASTS_NS;
  }
}
