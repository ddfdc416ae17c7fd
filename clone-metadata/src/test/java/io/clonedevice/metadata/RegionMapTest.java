package io.clonedevice.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegionMapTest {

  private static RegionMap newMap(long regions) {
    RegionMap map = new RegionMap(new RegionGeometry(regions * 4096, 4096));
    map.allowMarks();
    return map;
  }

  @Test
  void answersAsABitSetDoes() {
    Random random = TestSeed.random();
    for (int round = 0; round < 60; round++) {
      int regions = 1 + random.nextInt(round % 3 == 0 ? 130 : 70_000);
      RegionMap map = newMap(regions);
      BitSet model = new BitSet();
      for (int step = 0; step < 60; step++) {
        int first = random.nextInt(regions);
        int count = 1 + random.nextInt(Math.min(regions - first, 1 + random.nextInt(5_000)));
        map.mark(first, count);
        model.set(first, first + count);
        assertThat(map.hydratedCount()).isEqualTo(model.cardinality());
        for (int probe = 0; probe < 20; probe++) {
          verify(map, model, random.nextInt(regions), regions, random);
        }
      }
      map.close();
    }
  }

  private static void verify(RegionMap map, BitSet model, int region, int regions, Random random) {
    assertThat(map.isHydrated(region)).isEqualTo(model.get(region));
    assertThat(map.nextUnhydrated(region)).isEqualTo(Math.min(regions, model.nextClearBit(region)));
    int end = region + 1 + random.nextInt(regions - region);
    int change = model.get(region) ? model.nextClearBit(region) : model.nextSetBit(region);
    int endOfRun = change < 0 ? end : Math.min(end, change);
    assertThat(map.endOfRun(region, end)).isEqualTo(endOfRun);
    assertThat(map.signedRun(region, end))
        .isEqualTo(model.get(region) ? endOfRun - region : region - endOfRun);
  }

  @Test
  void answersAsABitSetDoesWhereWholeArrayBlocksAreMarked() {
    int block = 64 * 509;
    Random random = TestSeed.random();
    for (int round = 0; round < 40; round++) {
      int regions = 3 * block + random.nextInt(block) + 1;
      RegionMap map = newMap(regions);
      BitSet model = new BitSet();
      for (int step = 0; step < 6; step++) {
        // At, or one beside, the rim of an array block.
        int first = near(block * random.nextInt(4), regions - 1, random);
        int end = near(block * random.nextInt(5), regions, random);
        if (end > first) {
          map.mark(first, end - first);
          model.set(first, end);
        }
        assertThat(map.hydratedCount()).isEqualTo(model.cardinality());
        for (int probe = 0; probe < 20; probe++) {
          int region = near(block * random.nextInt(4), regions - 1, random);
          verify(map, model, region, regions, random);
        }
      }
      map.close();
    }
  }

  private static int near(int region, int most, Random random) {
    return Math.max(0, Math.min(most, region - 1 + random.nextInt(3)));
  }

  @Test
  void nextUnhydratedAcceptsTheEnd() {
    RegionMap map = newMap(64);
    assertThat(map.nextUnhydrated(64)).isEqualTo(64);
    map.close();
  }

  @ParameterizedTest
  @CsvSource({"-1", "100", "9223372036854775807", "-9223372036854775808"})
  @Tag("B9")
  void regionOutOfRangeIsRefused(long region) {
    RegionMap map = newMap(100);
    assertThatThrownBy(() -> map.isHydrated(region))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessageContaining(Long.toString(region));
    map.close();
  }

  @ParameterizedTest
  @CsvSource({"-1, 5", "5, 5", "6, 5", "0, 101", "100, 101"})
  @Tag("B9")
  void runOutOfRangeIsRefused(long first, long end) {
    RegionMap map = newMap(100);
    assertThatThrownBy(() -> map.endOfRun(first, end))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> map.signedRun(first, end))
        .isInstanceOf(IndexOutOfBoundsException.class);
    map.close();
  }

  @Test
  void dirtyWordsAnswerAsABitSetDoes() {
    Random random = TestSeed.random();
    for (int round = 0; round < 100; round++) {
      int words = 1 + random.nextInt(5_000);
      DirtyWords dirty = new DirtyWords(words);
      DirtyWords others = new DirtyWords(words);
      BitSet model = new BitSet();
      for (int i = random.nextInt(50); i > 0; i--) {
        int word = random.nextInt(words);
        DirtyWords chosen = random.nextBoolean() ? dirty : others;
        if (random.nextInt(10) == 0) {
          int block = DirtyWords.blockOf(word);
          chosen.setBlock(block);
          model.set(DirtyWords.firstWordOf(block), chosen.endOf(block));
        } else {
          chosen.set(word);
          model.set(word);
        }
      }
      dirty.addAll(others);
      assertThat(toBitSet(dirty)).isEqualTo(model);
      assertThat(dirty.isEmpty()).isEqualTo(model.isEmpty());
      dirty.clear();
      assertThat(toBitSet(dirty)).isEqualTo(new BitSet());
      assertThat(dirty.isEmpty()).isTrue();
      int again = random.nextInt(words);
      dirty.set(again);
      assertThat(toBitSet(dirty).stream().toArray()).containsExactly(again);
      dirty.release();
      others.release();
    }
  }

  private static BitSet toBitSet(DirtyWords dirty) {
    BitSet bits = new BitSet();
    for (int block = dirty.nextBlock(0); block >= 0; block = dirty.nextBlock(block + 1)) {
      int first = dirty.nextWord(block, DirtyWords.firstWordOf(block));
      assertThat(first).as("a block of the summary has a dirty word").isNotNegative();
      for (int word = first; word >= 0; word = dirty.nextWord(block, word + 1)) {
        bits.set(word);
      }
    }
    return bits;
  }
}
