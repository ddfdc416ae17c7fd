package io.clonedevice.metadata;

import java.util.ArrayList;
import java.util.List;

/** Hydrated ranges of a map, as [first, count] pairs. */
final class Ranges {
  private Ranges() {}

  static List<List<Long>> of(CloneMetadata metadata) {
    RegionMap map = metadata.regionMap();
    long end = metadata.geometry().regionCount();
    List<List<Long>> ranges = new ArrayList<>();
    for (long first = 0; first < end; ) {
      long next = map.endOfRun(first, end);
      if (map.isHydrated(first)) {
        ranges.add(List.of(first, next - first));
      }
      first = next;
    }
    return ranges;
  }
}
