package io.clonedevice.dm;

import java.util.Random;

/** The seed of this run's random tests: {@code -Dclone.seed}, else the clock's. */
final class Seed {
  private static final long VALUE = Long.getLong("clone.seed", System.nanoTime());

  private Seed() {}

  static Random random() {
    return new Random(VALUE);
  }

  static String hint() {
    return "seed=" + VALUE + " rerun with -Dclone.seed=" + VALUE;
  }
}
