package io.clonedevice.stress;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Random draws for many threads at once. Their sequence follows from the seed; which thread gets
 * which draw is up to the scheduler, as is everything else when threads are real.
 */
final class Dice {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  // Any thread, atomically.
  private final AtomicLong state;

  Dice(long seed) {
    this.state = new AtomicLong(seed);
  }

  /** Returns 0 to {@code bound - 1}. */
  int below(int bound) {
    long z = state.addAndGet(GAMMA);
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return (int) Long.remainderUnsigned(z ^ z >>> 31, bound);
  }

  /** Returns true once in {@code times}. */
  boolean onceIn(int times) {
    return below(times) == 0;
  }
}
