package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HydratedRangesTest {
  @Test
  void agreesWithABitSetOnRandomMaps() {
    long seed = Long.getLong("clone.seed", System.nanoTime());
    String hint = "seed=" + seed + " rerun with -Dclone.seed=" + seed;
    System.out.println(hint);
    Random random = new Random(seed);
    for (int round = 0; round < 2000; round++) {
      int regions = 1 + random.nextInt(300);
      BitSet map = new BitSet(regions);
      for (int runs = random.nextInt(6); runs > 0; runs--) {
        int first = random.nextInt(regions);
        map.set(first, first + random.nextInt(regions - first + 1));
      }

      HydratedRanges ranges = new HydratedRanges(regions);
      ByteBuffer words = ByteBuffer.allocate((regions + 63) / 64 * 8);
      words.put(map.toByteArray()).position(0);
      while (words.hasRemaining()) {
        int some = Math.min(words.remaining(), 8 * (1 + random.nextInt(3)));
        ranges.add(words.slice(words.position(), some));
        words.position(words.position() + some);
      }

      assertThat(ranges.ranges()).as(hint).containsExactlyElementsOf(rangesOf(map));
      assertThat(ranges.regionCount()).as(hint).isEqualTo(map.cardinality());
    }
  }

  private static List<long[]> rangesOf(BitSet map) {
    List<long[]> ranges = new ArrayList<>();
    for (int first = map.nextSetBit(0); first >= 0; ) {
      int end = map.nextClearBit(first);
      ranges.add(new long[] {first, end - first});
      first = map.nextSetBit(end);
    }
    return ranges;
  }
}
