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
      nowNs += NS_PER_SECOND / rate.applyAsDouble(window.copies());
      window.copyEnded((long) nowNs, MIB);
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

  private static IntToDoubleFunction latencySeconds(double latency) {
    return copies -> copies / latency;
  }

  @Test
  void beginsWithFour() {
    assertThat(window.copies()).isEqualTo(4);
  }

  @Test
  void growsUntilTheLatencyOfASourceIsHidden() {
    copy(2, latencySeconds(0.1));
    assertThat(window.copies()).isEqualTo(64);
  }

  @Test
  void staysAtTheMostForAWhileWhereEachMoreWasFaster() {
    copy(1, latencySeconds(0.1));
    assertThat(window.copies()).isEqualTo(64);
    assertThat(shareOfTimeAtMost(32, 3, latencySeconds(0.1))).isZero();
  }

  @Test
  void hidesALongLatencyWithinThreeTrials() {
    copy(0.2 * 3.5, latencySeconds(0.1)); // 4, 16, 32; each ends what it found and its own
    assertThat(window.copies()).isEqualTo(64);
  }

  @Test
  void findsAShortLatencyBeforeMuchWasCopied() {
    copy(0.2, copies -> Math.min(1000, copies / 0.01));
    assertThat(window.copies()).isGreaterThanOrEqualTo(16);
  }

  @Test
  void comesBackSoonFromWhatOnlyWarmingUpMadeFaster() {
    copy(0.15, copies -> 200 * Math.exp(nowNs / 0.05 / NS_PER_SECOND));
    assertThat(window.copies()).isGreaterThan(8);
    copy(1, copies -> 3000);
    assertThat(window.copies()).isLessThanOrEqualTo(4);
  }

  @Test
  void triesAgainSoonWhatADisturbanceHadHidden() {
    copy(0.065, latencySeconds(0.01)); // 4, 8, and 16 since a moment
    assertThat(window.copies()).isEqualTo(16);
    copy(0.4, copies -> 100);
    assertThat(window.copies()).isLessThan(16);
    copy(1.2, copies -> Math.min(1000, copies / 0.01));
    assertThat(window.copies()).isGreaterThanOrEqualTo(16);
  }

  @Test
  void isNotMisledByCopiesThatEndTogether() {
    for (double endNs = nowNs + 0.6 * NS_PER_SECOND; nowNs < endNs; ) {
      int together = window.copies();
      nowNs += NS_PER_SECOND * Math.max(0.01, together / 1000.0);
      for (int i = 0; i < together; i++) {
        window.copyEnded((long) nowNs + i, MIB);
      }
    }
    assertThat(window.copies()).isGreaterThanOrEqualTo(16);
  }

  @Test
  void growsNoFurtherThanTheBandwidthOfASourceNeeds() {
    IntToDoubleFunction link = copies -> Math.min(300, copies / 0.1);
    copy(5, link);
    assertThat(shareOfTimeAtMost(32, 60, link)).isGreaterThan(0.9);
    assertThat(shareOfTimeAtMost(16, 60, link)).isLessThan(0.1);
  }

  @Test
  void oneIsEnoughWhereMoreAreNoFaster() {
    assertThat(shareOfTimeAtMost(1, 60, copies -> 1000)).isGreaterThan(0.9);
  }

  @Test
  void findsBeforeMuchWasCopiedThatOneIsEnough() {
    copy(0.07, copies -> 1000);
    assertThat(window.copies()).isEqualTo(1);
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
    copy(0.15, latencySeconds(0.1));
    assertThat(window.copies()).isEqualTo(4);
    copy(0.15, latencySeconds(0.1));
    assertThat(window.copies()).isEqualTo(16);
    window.heldUp();
    assertThat(window.copies()).isEqualTo(4);
  }

  @Test
  void doesNotGrowWhileRequestsHoldItUp() {
    for (int i = 0; i < 10_000; i++) {
      copy(0.001, latencySeconds(0.1));
      window.heldUp();
    }
    assertThat(window.copies()).isEqualTo(4);
  }

  @Test
  void failedCopiesAreNoProgress() {
    for (int i = 0; i < 10_000; i++) {
      nowNs += NS_PER_SECOND * 0.1 / window.copies();
      window.copyEnded((long) nowNs, 0);
    }
    assertThat(window.copies()).isLessThanOrEqualTo(8);
  }
}
