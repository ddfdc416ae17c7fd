package io.clonedevice.metadata;

import java.util.Random;

/** Randomness that can be repeated. */
public final class TestSeed {
  private TestSeed() {}

  /** Returns a new source of random numbers and prints its seed. */
  public static Random random() {
    long seed = Long.getLong("clone.seed", System.nanoTime());
    System.out.println("seed=" + seed + " rerun with -Dclone.seed=" + seed);
    return new Random(seed);
  }
}
