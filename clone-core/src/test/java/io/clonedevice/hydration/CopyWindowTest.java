package io.clonedevice.hydration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** How many copies may be in flight, beside stores whose speed is a function of that number. */
class CopyWindowTest {
  private static final long MIB = 1 << 20;
  private static final double NS_PER_SECOND = 1e9;

  private final CopyWindow window = new CopyWindow();
  private double nowNs;

  /** Copies of 1 MiB end one after the other, as the rate in MiB per second has it. */
  private void copy(double seconds, IntToDoubleFunction rate) {
    for (double endNs = nowNs + seconds * NS_PER_SECOND; nowNs < endNs; ) {
      int atOnce = window.copies();
      double ns = NS_PER_SECOND / rate.applyAsDouble(atOnce);
      nowNs += ns;
      window.copyEnded((long) nowNs, (long) (ns * atOnce), MIB);
    }
  }

  /** Of so much time, the share in which the window was at most this many copies. */
  private double shareOfTimeAtMost(int copies, double seconds, IntToDoubleFunction rate) {
    double at = 0;
    for (int i = 0; i < 1000; i++) {
      copy(seconds / 1000, rate);
      at += window.copies() <= copies ? 1 : 0;
    }
    return at / 1000;
  }

  private void nearAtFirst() {
    copy(0.03, copies -> 1000);
    assertThat(window.isProbing()).isFalse();
    assertThat(window.copies()).isEqualTo(1);
  }

  private static IntToDoubleFunction latencySeconds(double latency) {
    return copies -> copies / latency;
  }

  @Test
  void beginsWithOne() {
    assertThat(window.copies()).isEqualTo(1);
  }

  @Test
  void knowsALongLatencyAfterTwoCopies() {
    copy(0.2, latencySeconds(0.1));
    assertThat(window.copies()).isEqualTo(64);
  }

  @Test
  void knowsAShortLatencyAfterAFewCopies() {
    copy(0.03, latencySeconds(0.01));
    assertThat(window.copies()).isEqualTo(64);
  }

  @Test
  void beginsWithMoreThanTheLatencyAloneMakesNecessary() {
    copy(0.05, latencySeconds(0.0015)); // 666 MiB/s, and 6 times that is the goal
    assertThat(window.copies()).isEqualTo(8);
  }

  @Test
  void oneIsEnoughForALocalFile() {
    copy(0.1, copies -> 1000);
    assertThat(window.copies()).isEqualTo(1);
  }

  @Test
  void isNotMisledByFirstCopiesThatAreSlow() {
    copy(0.08, copies -> nowNs == 0 ? 20 : 1000); // 50 ms for the first
    assertThat(window.copies()).isEqualTo(1);
  }

  @Test
  void isNotMisledByOneOfTheFirstCopies() {
    copy(0.03, copies -> nowNs > 0.018 * NS_PER_SECOND ? 100 : 1000);
    assertThat(window.copies()).isEqualTo(1);
  }

  @Test
  void isNotMisledByFirstCopiesThatFail() {
    for (int i = 0; i < 100; i++) {
      nowNs += 1e6;
      window.copyEnded((long) nowNs, 1000, 0);
    }
    copy(0.2, latencySeconds(0.1));
    assertThat(window.copies()).isEqualTo(64);
  }

  @Test
  void stopsProbingWhenItKnows() {
    assertThat(window.isProbing()).isTrue();
    copy(0.02, copies -> 1000);
    assertThat(window.isProbing()).isTrue();
    copy(0.002, copies -> 1000);
    assertThat(window.isProbing()).isFalse();
  }

  @Test
  void growsUntilTheLatencyOfASourceIsHidden() {
    nearAtFirst();
    copy(5, latencySeconds(0.1));
    assertThat(window.copies()).isEqualTo(64);
  }

  @Test
  void growsSoonWhereTheFirstCopiesWereOfHoles() {
    copy(0.03, copies -> 1_000_000);
    assertThat(window.copies()).isEqualTo(1);
    copy(2, latencySeconds(0.1));
    assertThat(window.copies()).isEqualTo(64);
  }

  @Test
  void growsNoFurtherThanTheBandwidthOfASourceNeeds() {
    IntToDoubleFunction link = copies -> Math.min(300, copies / 0.1);
    copy(5, link);
    assertThat(shareOfTimeAtMost(32, 60, link)).isGreaterThan(0.9);
    assertThat(shareOfTimeAtMost(16, 60, link)).isLessThan(0.1);
  }

  @Test
  void isNotMisledByCopiesThatEndTogether() {
    int least = 64;
    for (double endNs = nowNs + 5 * NS_PER_SECOND; nowNs < endNs; ) {
      int together = window.copies();
      double ns = NS_PER_SECOND * 0.11;
      nowNs += ns;
      for (int i = 0; i < together; i++) {
        window.copyEnded((long) nowNs + i, (long) ns, MIB);
      }
      least = window.copies() == 1 ? least : Math.min(least, window.copies());
    }
    assertThat(least).isEqualTo(32); // each trial
    assertThat(window.copies()).isEqualTo(64);
  }

  @Test
  void growsWhereTwoAreClearlyFaster() {
    nearAtFirst();
    copy(5, copies -> Math.min(1000, 600 * copies));
    assertThat(window.copies()).isEqualTo(2);
  }

  @Test
  void keepsNoMoreThatAreHardlyFaster() {
    IntToDoubleFunction hardly = copies -> 1000 + 10 * copies;
    assertThat(shareOfTimeAtMost(1, 60, hardly)).isGreaterThan(0.9);
  }

  @Test
  void oneIsEnoughWhereMoreAreNoFaster() {
    assertThat(shareOfTimeAtMost(1, 60, copies -> 1000)).isGreaterThan(0.9);
  }

  @Test
  void staysAtTwoWhereOneLeavesTheDestinationIdle() {
    IntToDoubleFunction pipeline = copies -> Math.min(1000, 600 * copies);
    copy(1, pipeline);
    assertThat(shareOfTimeAtMost(1, 60, pipeline)).isLessThan(0.1);
    assertThat(shareOfTimeAtMost(2, 60, pipeline)).isGreaterThan(0.9);
  }

  @Test
  void shrinksWhenASourceHasComeNearer() {
    copy(2, latencySeconds(0.1));
    copy(60, copies -> 1000);
    assertThat(window.copies()).isLessThanOrEqualTo(8);
  }

  @Test
  void shrinksWhenMoreAreSlower() {
    copy(2, latencySeconds(0.1));
    copy(60, copies -> 4000.0 / copies);
    assertThat(window.copies()).isLessThanOrEqualTo(8);
  }

  @Test
  void givesUpATrialThatRequestsDisturbed() {
    copy(0.03, latencySeconds(0.01));
    assertThat(window.copies()).isEqualTo(64);
    copy(0.12, latencySeconds(0.01));
    assertThat(window.copies()).isEqualTo(32);
    window.heldUp();
    assertThat(window.copies()).isEqualTo(64);
  }

  @Test
  void hasToDoWithFewerWhereRequestsKeepItFromFindingOut() {
    copy(0.05, latencySeconds(0.0015));
    assertThat(window.copies()).isEqualTo(8);
    for (int i = 0; i < 100; i++) {
      window.heldUp();
      assertThat(window.copies()).isEqualTo(2);
      copy(0.05, latencySeconds(0.0015));
    }
  }

  @Test
  void doesNotTakeForATrialWhatBeganBeforeIt() {
    copy(0.03, latencySeconds(0.01));
    assertThat(window.copies()).isEqualTo(64);
    while (window.copies() == 64) {
      copy(0.0001, latencySeconds(0.01));
    }
    assertThat(window.copies()).isEqualTo(32);
    for (int i = 0; i < 64; i++) { // they were on their way
      window.copyEnded((long) ++nowNs, 1, MIB);
    }
    copy(0.11, copies -> 0.92 * 6400);
    assertThat(window.copies()).isEqualTo(64);
  }

  @Test
  void triesMoreAtOnceWhereFewerWereSlower() {
    IntToDoubleFunction most16 = copies -> Math.min(1800, 200 * copies);
    copy(0.05, latencySeconds(0.0015));
    assertThat(window.copies()).isEqualTo(8);
    copy(0.35, most16); // measured, half as many, twice as many
    assertThat(window.copies()).isEqualTo(16);
  }

  @Test
  void triesNothingWhileRequestsHoldItUp() {
    nearAtFirst();
    for (int i = 0; i < 10_000; i++) {
      copy(0.001, latencySeconds(0.1));
      window.heldUp();
    }
    assertThat(window.copies()).isEqualTo(1);
  }

  @Test
  void failedCopiesAreNoProgress() {
    nearAtFirst();
    for (int i = 0; i < 10_000; i++) {
      nowNs += NS_PER_SECOND * 0.1 / window.copies();
      window.copyEnded((long) nowNs, 100_000_000, 0);
    }
    assertThat(window.copies()).isLessThanOrEqualTo(2);
  }
}
