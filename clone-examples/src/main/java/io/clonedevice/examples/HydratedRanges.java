package io.clonedevice.examples;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Turns the words of a region map, first word first, into ranges of hydrated regions. */
final class HydratedRanges {
  private final long regionTotal;
  private final List<long[]> ranges = new ArrayList<>();
  private long next;
  private long hydrated;

  HydratedRanges(long regionTotal) {
    this.regionTotal = regionTotal;
  }

  /** Takes the next words: little endian, 8 bytes each, bit 0 of a word is its first region. */
  void add(ByteBuffer words) {
    ByteBuffer ordered = words.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    while (ordered.remaining() >= Long.BYTES) {
      addWord(ordered.getLong());
    }
  }

  /** Ranges as first region and count, ascending, never adjacent. */
  List<long[]> ranges() {
    return ranges;
  }

  /** Number of hydrated regions. */
  long regionCount() {
    return hydrated;
  }

  private void addWord(long word) {
    int valid = (int) Math.min(Long.SIZE, regionTotal - next);
    for (int bit = 0; bit < valid; ) {
      long rest = word >>> bit;
      if ((rest & 1) == 0) {
        bit += Math.min(Long.SIZE - bit, Long.numberOfTrailingZeros(rest));
        continue;
      }
      int run = Math.min(valid - bit, Long.numberOfTrailingZeros(~rest));
      addRange(next + bit, run);
      bit += run;
    }
    next += valid;
  }

  private void addRange(long first, int count) {
    hydrated += count;
    if (!ranges.isEmpty()) {
      long[] last = ranges.get(ranges.size() - 1);
      if (last[0] + last[1] == first) {
        last[1] += count;
        return;
      }
    }
    ranges.add(new long[] {first, count});
  }
}
