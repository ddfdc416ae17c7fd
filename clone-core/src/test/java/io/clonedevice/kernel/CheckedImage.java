package io.clonedevice.kernel;

import java.util.BitSet;
import java.util.List;

/**
 * What the independent checker says about a metadata image.
 *
 * @param faults empty if the image is sound, and nothing else is known if not
 * @param notes what is allowed, but not as the kernel would write it
 */
record CheckedImage(
    String faults, long usedBlocks, long totalBlocks, BitSet hydrated, List<String> notes) {

  static CheckedImage parse(String line) {
    String[] fields = line.split("\t", -1);
    if (!fields[0].equals("ok")) {
      return new CheckedImage(line, 0, 0, new BitSet(), List.of());
    }
    BitSet hydrated = new BitSet();
    for (String range : words(fields[4], ",")) {
      String[] ends = range.split("\\+");
      int first = Integer.parseInt(ends[0]);
      hydrated.set(first, first + Integer.parseInt(ends[1]));
    }
    if (hydrated.cardinality() != Integer.parseInt(fields[3])) {
      throw new IllegalArgumentException("ranges and count differ: " + line);
    }
    return new CheckedImage(
        "", Long.parseLong(fields[1]), Long.parseLong(fields[2]), hydrated, words(fields[5], "; "));
  }

  private static List<String> words(String text, String separator) {
    return text.isEmpty() ? List.of() : List.of(text.split(separator));
  }
}
