package io.clonedevice.stress;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.Effort;
import io.clonedevice.testing.Seed;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * Many threads at once on small devices, judged by the definition: each sector is a register, and
 * its history must be linearizable; what is acknowledged as durable must survive a power cut.
 */
class ConcurrencyStressTest {
  private static final Duration IN_EVERY_BUILD = Duration.ofSeconds(14);

  @Test
  void everySectorIsALinearizableRegister() throws Exception {
    rounds(false);
  }

  @Test
  void closeRacesWithEverythingAndLosesNothing() throws Exception {
    rounds(true);
  }

  private static void rounds(boolean closesInTheMiddle) throws Exception {
    long timeNs = Effort.time("clone.stress.time", IN_EVERY_BUILD).toNanos() / 2;
    Seed seed = new Seed();
    long start = System.nanoTime();
    long requests = 0;
    long registers = 0;
    long probes = 0;
    int rounds = 0;
    try {
      do {
        StressRound.Tally tally = StressRound.run(seed.stream(), closesInTheMiddle);
        requests += tally.requests();
        registers += tally.registers();
        probes += tally.probes();
        rounds++;
      } while (System.nanoTime() - start < timeNs);
    } finally {
      System.out.printf(
          "stress%s: seed %d, %d devices, %d requests, %d histories of registers, %d power cuts%n",
          closesInTheMiddle ? " with close" : "",
          seed.value(),
          rounds,
          requests,
          registers,
          probes);
    }
    assertThat(requests).isPositive();
  }
}
