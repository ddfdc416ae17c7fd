package io.clonedevice.examples.nbd.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class InFlightTest {
  @Test
  @Timeout(20)
  void nobodyWaitsForMemoryThatNoneOfTheConnectionsOwnRequestsHolds() throws Exception {
    InFlight inFlight = new InFlight(new MemoryBudget(0));

    assertThat(inFlight.enter(0)).as("a reply's end, which holds nothing").isTrue();
    assertThat(inFlight.enter(4096)).as("one of its parts").isFalse();

    inFlight.leave(0);
    assertThat(inFlight.isEmpty()).isTrue();
  }
}
