package io.clonedevice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RequestGateTest {
  private final RequestGate gate = new RequestGate(Waiting.parked());

  @Test
  void nobodyEntersWhileAnActionRunsAlone() {
    boolean[] entered = {true};

    assertThat(gate.runIfEmpty(() -> entered[0] = gate.tryEnter())).isTrue();

    assertThat(entered[0]).as("entered meanwhile").isFalse();
    assertThat(gate.tryEnter()).as("enters afterwards").isTrue();
    assertThat(gate.runIfEmpty(() -> {})).as("alone, with a request inside").isFalse();
  }

  @Test
  void countsWhatHasEnteredAndWhatIsInside() {
    assertThat(gate.tryEnter()).isTrue();
    assertThat(gate.tryEnter()).isTrue();
    gate.exit();
    assertThat(gate.requestsEntered()).isEqualTo(2);
    assertThat(gate.requestsInside()).isEqualTo(1);
    gate.exit();
    assertThat(gate.requestsEntered()).isEqualTo(2);
    assertThat(gate.requestsInside()).isZero();
  }

  @Test
  void isEmptyAfterThoseWhoEnteredHaveLeft() {
    assertThat(gate.tryEnter()).isTrue();
    gate.exit();
    assertThat(gate.runIfEmpty(() -> {})).isTrue();
  }
}
