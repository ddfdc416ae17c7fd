package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SmallWriteContentionTest {
  private final long start = System.nanoTime();
  private final SmallWriteContention contention = new SmallWriteContention();

  @Test
  void isNotThereBeforeTheFirstWrite() {
    assertThat(contention.isThere(0, 0, 0)).isFalse();
    assertThat(contention.isThere(0, 0, start)).isFalse();
  }

  @Test
  void isThereOnceThereWasAWrite() {
    assertThat(contention.isThere(0, 1, start)).isTrue();
  }

  @Test
  void outlastsALookWithoutAWriteInBetween() {
    contention.isThere(0, 1, start);
    assertThat(contention.isThere(0, 1, start + SmallWriteContention.LASTS_NS - 1)).isTrue();
    assertThat(contention.isThere(0, 1, start + SmallWriteContention.LASTS_NS)).isFalse();
  }

  @Test
  void beginsAgainWithEachWrite() {
    contention.isThere(0, 1, start);
    long later = start + SmallWriteContention.LASTS_NS - 1;
    assertThat(contention.isThere(0, 2, later)).isTrue();
    assertThat(contention.isThere(0, 2, later + SmallWriteContention.LASTS_NS - 1)).isTrue();
    assertThat(contention.isThere(0, 2, later + SmallWriteContention.LASTS_NS)).isFalse();
    assertThat(contention.isThere(0, 3, later + 2 * SmallWriteContention.LASTS_NS)).isTrue();
  }

  @Test
  void isThereWhileAWriteTakesLong() {
    contention.isThere(1, 1, start);
    long later = start + 10 * SmallWriteContention.LASTS_NS;
    assertThat(contention.isThere(1, 1, later)).isTrue();
    assertThat(contention.isThere(0, 1, later + SmallWriteContention.LASTS_NS - 1)).isTrue();
    assertThat(contention.isThere(0, 1, later + SmallWriteContention.LASTS_NS)).isFalse();
  }
}
