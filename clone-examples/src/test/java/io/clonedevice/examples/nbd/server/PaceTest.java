package io.clonedevice.examples.nbd.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** When requests are served by their reader. */
class PaceTest {
  private final Pace pace = Pace.eager();

  @Test
  void staysInlineWhileRequestsAreFastOrRarelySlow() {
    for (int i = 0; i < 100; i++) {
      assertThat(pace.isInline()).isTrue();
      pace.took(i % 2 == 0 ? 50_000_000 : 5_000);
    }
  }

  @Test
  void leavesAfterSlowOnesInARowAndTriesAgainAfterSoManyAsTheTimeIsWorth() {
    for (int i = 0; i < 3; i++) {
      assertThat(pace.isInline()).isTrue();
      pace.took(2_000_000);
    }
    assertThat(heldBack()).isEqualTo(1_000);

    pace.took(4_000_000);
    assertThat(heldBack()).isEqualTo(2_000);

    pace.took(5_000);
    assertThat(heldBack()).isZero();
  }

  private int heldBack() {
    int held = 0;
    while (!pace.isInline()) {
      held++;
    }
    return held;
  }
}
