package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.testing.Seed;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private static final long MAX_NS = 6_400_000_000L;

  @Test
  void pausesDoubleUpToTheLimitAndAreNeverShorterThanHalf() {
    Backoff backoff = new Backoff(MAX_NS, Seed.random());
    for (int round = 0; round < 2; round++) {
      for (int attempt = 0; attempt < 12; attempt++) {
        long ceiling = MAX_NS >> Math.max(0, 6 - attempt);
        assertThat(backoff.nextDelayNs()).isBetween(ceiling / 2, ceiling);
      }
      backoff.reset();
    }
  }

  @Test
  void twoClientsDoNotComeBackTogether() {
    Seed seed = new Seed();
    Backoff one = new Backoff(MAX_NS, seed.stream());
    Backoff other = new Backoff(MAX_NS, seed.stream());
    assertThat(one.nextDelayNs()).isNotEqualTo(other.nextDelayNs());
  }

  @Test
  void theShortestLimitStillMakesAPause() {
    assertThat(new Backoff(1, Seed.random()).nextDelayNs()).isBetween(1L, 2L);
  }
}
