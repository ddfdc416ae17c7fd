package io.clonedevice.bench;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Counts of something for a number of requests. */
final class PerRequest {
  private static final double NEGLIGIBLE = 0.005;

  private PerRequest() {}

  /** For example {@code 1 destination write, 9 metadata write}. */
  static String text(Map<String, Integer> counts, int requests) {
    String text =
        counts.entrySet().stream()
            .filter(entry -> entry.getValue() >= NEGLIGIBLE * requests)
            .map(entry -> number(entry.getValue() / (double) requests) + " " + entry.getKey())
            .collect(Collectors.joining(", "));
    return text.isEmpty() ? "none" : text;
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.2f", value);
  }
}
