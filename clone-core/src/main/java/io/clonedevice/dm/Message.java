package io.clonedevice.dm;

import io.clonedevice.CloneDevice;
import java.util.List;
import java.util.Locale;

/**
 * A message that changes a live device: {@code enable_hydration}, {@code disable_hydration}, {@code
 * hydration_threshold N} or {@code hydration_batch_size N}.
 *
 * <p>{@code toString()} of a message is the text that {@link #parse} reads.
 */
public sealed interface Message {
  /**
   * Reads a message as the kernel does: names in any letter case, values as unsigned decimal
   * numbers of 32 bits, extra words after {@code enable_hydration} and {@code disable_hydration}
   * ignored.
   *
   * @param text the message's words
   * @return the message
   * @throws IllegalArgumentException if it is empty, unknown, or has a bad value or number of
   *     words; the message names the word and the remedy
   */
  static Message parse(String text) {
    List<String> words = Words.split(text);
    if (words.isEmpty()) {
      throw new IllegalArgumentException("Empty message received; " + Names.MESSAGES);
    }
    String name = words.get(0).toLowerCase(Locale.ROOT);
    if (name.equals(Names.ENABLE_HYDRATION)) {
      return new EnableHydration();
    }
    if (name.equals(Names.DISABLE_HYDRATION)) {
      return new DisableHydration();
    }
    if (words.size() != 2) {
      throw new IllegalArgumentException(
          "Invalid message `"
              + words.get(0)
              + "' with "
              + (words.size() - 1)
              + " values; "
              + Names.MESSAGES);
    }
    return switch (name) {
      case Names.HYDRATION_THRESHOLD -> new HydrationThreshold(value(name, words.get(1)));
      case Names.HYDRATION_BATCH_SIZE -> new HydrationBatchSize(value(name, words.get(1)));
      default ->
          throw new IllegalArgumentException(
              "Unsupported message `" + words.get(0) + "'; " + Names.MESSAGES);
    };
  }

  /**
   * Does what the message says.
   *
   * @param device an open device
   */
  void applyTo(CloneDevice device);

  private static long value(String name, String word) {
    // Unlike a table's, a message's number may begin with a plus sign in the kernel.
    String digits = word.startsWith("+") ? word.substring(1) : word;
    long value = Words.unsigned(digits, Words.MAX_UNSIGNED_32);
    if (value < 0) {
      throw Limits.invalidValue(name, word);
    }
    return value;
  }

  /** Start background hydration if it is off. */
  record EnableHydration() implements Message {
    @Override
    public void applyTo(CloneDevice device) {
      device.enableHydration();
    }

    @Override
    public String toString() {
      return Names.ENABLE_HYDRATION;
    }
  }

  /** Stop background hydration if it is on; copies in flight end normally. */
  record DisableHydration() implements Message {
    @Override
    public void applyTo(CloneDevice device) {
      device.disableHydration();
    }

    @Override
    public String toString() {
      return Names.DISABLE_HYDRATION;
    }
  }

  /**
   * Set how many regions background hydration may copy at once.
   *
   * @param regions 0 (stops background hydration) to 4294967295
   */
  record HydrationThreshold(long regions) implements Message {
    /**
     * Checks the value.
     *
     * @param regions as above
     * @throws IllegalArgumentException if it is out of range
     */
    public HydrationThreshold {
      Limits.checkSetting(Names.HYDRATION_THRESHOLD, regions);
    }

    @Override
    public void applyTo(CloneDevice device) {
      device.hydrationThreshold(regions);
    }

    @Override
    public String toString() {
      return Names.HYDRATION_THRESHOLD + " " + regions;
    }
  }

  /**
   * Set how many adjacent regions are joined into one copy.
   *
   * @param regions 0 (the same as 1) to 4294967295
   */
  record HydrationBatchSize(long regions) implements Message {
    /**
     * Checks the value.
     *
     * @param regions as above
     * @throws IllegalArgumentException if it is out of range
     */
    public HydrationBatchSize {
      Limits.checkSetting(Names.HYDRATION_BATCH_SIZE, regions);
    }

    @Override
    public void applyTo(CloneDevice device) {
      device.hydrationBatchSize(regions);
    }

    @Override
    public String toString() {
      return Names.HYDRATION_BATCH_SIZE + " " + regions;
    }
  }
}
