package io.clonedevice.testing;

import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Where a random test gets its randomness from: the system property {@code clone.seed}, or chance.
 * Prints the value, so that a failure can be run again.
 *
 * <p>A test with several threads makes one seed and gives each thread a {@link #stream()} of its
 * own, taken in a fixed order.
 */
public final class Seed {
  /** The system property that fixes the value, a decimal {@code long}. */
  public static final String PROPERTY = "clone.seed";

  private final long value;
  private long streamCount; // guarded by this

  /**
   * Takes the value of the property, or draws one, and prints it to the standard output.
   *
   * @throws NumberFormatException if the property is no decimal {@code long}
   */
  public Seed() {
    String fixed = System.getProperty(PROPERTY);
    this.value = fixed != null ? Long.parseLong(fixed) : ThreadLocalRandom.current().nextLong();
    System.out.println("seed=" + value + " rerun with -D" + PROPERTY + "=" + value);
  }

  /**
   * Makes a seed and returns its first stream, for a test with one thread.
   *
   * @return a generator that starts the same for the same value
   */
  public static Random random() {
    return new Seed().stream();
  }

  /**
   * Returns the value that was printed.
   *
   * @return any value
   */
  public long value() {
    return value;
  }

  /**
   * Returns the next generator.
   *
   * @return a new one; the n-th of a seed starts the same for the same value
   */
  public synchronized Random stream() {
    return new Random(value + streamCount++ * 0x9E3779B97F4A7C15L);
  }
}
