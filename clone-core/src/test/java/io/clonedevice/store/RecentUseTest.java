package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RecentUseTest {
  private final long start = System.nanoTime();
  private final RecentUse use = new RecentUse(start);

  @Test
  void isOverBeforeTheFirstEntry() {
    assertThat(use.remainingNs(start)).isZero();
    use.look(start, 0, 0);
    assertThat(use.remainingNs(start)).isZero();
  }

  @Test
  void beginsWithAnEntry() {
    use.look(start, 0, 1);
    assertThat(use.remainingNs(start)).isEqualTo(RecentUse.LASTS_NS);
  }

  @Test
  void outlastsALookWithoutAnEntryInBetween() {
    use.look(start, 0, 1);
    use.look(start + RecentUse.LASTS_NS - 1, 0, 1);
    assertThat(use.remainingNs(start + RecentUse.LASTS_NS - 1)).isOne();
    assertThat(use.remainingNs(start + RecentUse.LASTS_NS)).isZero();
  }

  @Test
  void beginsAgainWithEachEntry() {
    use.look(start, 0, 1);
    long later = start + RecentUse.LASTS_NS - 1;
    use.look(later, 0, 2);
    assertThat(use.remainingNs(later + 2)).isEqualTo(RecentUse.LASTS_NS - 2);
    long muchLater = later + 2 * RecentUse.LASTS_NS;
    assertThat(use.remainingNs(muchLater)).isNegative();
    use.look(muchLater, 0, 3);
    assertThat(use.remainingNs(muchLater)).isEqualTo(RecentUse.LASTS_NS);
  }

  @Test
  void lastsAsLongAsSomebodyIsInside() {
    use.look(start, 1, 1);
    long later = start + 10 * RecentUse.LASTS_NS;
    use.look(later, 1, 1);
    assertThat(use.remainingNs(later)).isEqualTo(RecentUse.LASTS_NS);
    use.look(later + 1, 0, 1);
    assertThat(use.remainingNs(later + 1)).isEqualTo(RecentUse.LASTS_NS - 1);
  }
}
