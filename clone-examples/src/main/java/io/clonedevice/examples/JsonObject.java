package io.clonedevice.examples;

import java.util.List;
import java.util.StringJoiner;

/** Writes a flat JSON object of numbers, truth values and pairs of numbers, in order. */
final class JsonObject {
  private final StringJoiner members = new StringJoiner(", ", "{", "}");

  JsonObject put(String key, long value) {
    return member(key, Long.toString(value));
  }

  JsonObject put(String key, boolean value) {
    return member(key, Boolean.toString(value));
  }

  JsonObject put(String key, List<long[]> pairs) {
    StringJoiner array = new StringJoiner(", ", "[", "]");
    for (long[] pair : pairs) {
      array.add("[" + pair[0] + ", " + pair[1] + "]");
    }
    return member(key, array.toString());
  }

  @Override
  public String toString() {
    return members.toString();
  }

  private JsonObject member(String key, String value) {
    members.add("\"" + key + "\": " + value);
    return this;
  }
}
