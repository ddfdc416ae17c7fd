package io.clonedevice;

import java.time.Duration;

/**
 * How much a randomised test tries: little in every build, much in a soak. The system properties
 * are set by {@code -D} or by the Maven profile {@code soak}.
 */
public final class Effort {
  private Effort() {}

  /** Returns the system property as a number of cases, or what every build tries. */
  public static long cases(String property, long inEveryBuild) {
    return Long.getLong(property, inEveryBuild);
  }

  /** Returns the system property as a duration in ISO-8601 form, or what every build takes. */
  public static Duration time(String property, Duration inEveryBuild) {
    String text = System.getProperty(property);
    return text == null ? inEveryBuild : Duration.parse(text);
  }
}
