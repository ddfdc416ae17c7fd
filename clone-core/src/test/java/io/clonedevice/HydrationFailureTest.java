package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.FaultyBlockStore;
import io.clonedevice.testing.FixtureMedium;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A source that fails is neither hammered nor forgotten, and somebody hears of it. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HydrationFailureTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 16;

  private final SteppedClone stepped = new SteppedClone(REGIONS * REGION, REGION);
  private final List<String> events = new ArrayList<>();

  @AfterEach
  void close() {
    stepped.close();
  }

  private CloneDevice open(Hydration hydration) {
    return stepped.open(
        builder ->
            builder
                .hydration(hydration)
                .listener(
                    new CloneListener() {
                      @Override
                      public void hydrationFailing(Throwable cause) {
                        events.add("failing: " + cause.getClass().getSimpleName());
                      }

                      @Override
                      public void hydrationRecovered() {
                        events.add("recovered");
                      }

                      @Override
                      public void hydrationStopped(Throwable cause) {
                        events.add("stopped: " + cause.getClass().getSimpleName());
                      }

                      @Override
                      public void hydrationCompleted() {
                        events.add("completed");
                      }
                    }));
  }

  private static Hydration oneByOne() {
    return Hydration.background().threshold(1).batchSize(1);
  }

  private void failRegions(long... regions) {
    stepped
        .source()
        .faults()
        .failWhen(
            call -> {
              for (long region : regions) {
                if (call.offset() <= region * REGION
                    && call.offset() + call.length() > region * REGION) {
                  return true;
                }
              }
              return false;
            });
  }

  private int attempts() {
    return stepped.calls("source", Operation.READ).size();
  }

  @Test
  @Tag("B17")
  void retriesOfAFailingRegionComeAfterDelaysThatDouble() {
    open(oneByOne().retryDelay(100, 1_000).failuresInRowMax(1_000));
    failRegions(15);
    stepped.run();
    assertThat(stepped.hydrated()).isEqualTo(REGIONS - 1);
    List<Long> attemptsAtMs = new ArrayList<>(List.of(0L));
    int seen = attempts();
    for (long ms = 1; ms <= 10_000; ms++) {
      stepped.advanceMs(1);
      if (attempts() > seen) {
        assertThat(attempts()).isEqualTo(seen + 1);
        seen = attempts();
        attemptsAtMs.add(ms);
      }
    }

    long[] delays = {100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000};
    assertThat(attemptsAtMs).hasSizeGreaterThan(delays.length);
    for (int i = 0; i < delays.length; i++) {
      assertThat(attemptsAtMs.get(i + 1) - attemptsAtMs.get(i))
          .as("delay %d", i + 1)
          .isBetween(delays[i] * 7 / 8, delays[i] * 9 / 8 + 1);
    }
    assertThat(events).containsExactly("failing: BlockIoException");
  }

  @Test
  @Tag("B17")
  @Tag("B19")
  void hydrationStopsAfterTooManyFailuresInARowAndSaysSo() {
    CloneDevice device = open(oneByOne().failuresInRowMax(5));
    stepped.source().faults().failAlways(Operation.READ);
    var hydrated = device.hydrated();
    for (int second = 0; second < 3_600; second++) {
      stepped.advanceMs(1_000);
    }

    assertThat(attempts()).isEqualTo(5);
    assertThat(events).containsExactly("failing: BlockIoException", "stopped: BlockIoException");
    assertThat(device.statusNoFlush().hydrationEnabled()).isFalse();
    assertThat(device.statusNoFlush().hydratingRegions()).isZero();
    assertThat(stepped.failureOf(hydrated)).isInstanceOf(BlockIoException.class);
  }

  @Test
  @Tag("B17")
  void enablingHydrationAgainForgetsTheFailures() {
    CloneDevice device = open(oneByOne().failuresInRowMax(2));
    stepped.source().faults().failAlways(Operation.READ);
    stepped.advanceMs(60_000);
    assertThat(device.statusNoFlush().hydrationEnabled()).isFalse();
    stepped.source().faults().heal();

    device.enableHydration();
    stepped.advanceMs(2_000);

    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
    assertThat(device.hydrated()).isCompleted();
    assertThat(events).endsWith("completed").doesNotHaveDuplicates();
  }

  @Test
  @Tag("B17")
  void enablingHydrationThatIsOnTriesWhatFailedAtOnce() {
    CloneDevice device = open(oneByOne().retryDelay(30_000, 30_000));
    failRegions(5);
    stepped.run();
    assertThat(stepped.hydrated()).isEqualTo(REGIONS - 1);
    stepped.source().faults().heal();

    device.enableHydration();
    stepped.run();

    assertThat(stepped.hydrated()).isEqualTo(REGIONS);
  }

  @Test
  @Tag("B17")
  void successEndsARowOfFailures() {
    CloneDevice device = open(oneByOne().failuresInRowMax(3));
    AtomicInteger attempt = new AtomicInteger();
    stepped.source().faults().failWhen(call -> attempt.incrementAndGet() % 3 != 0);

    for (int second = 0; second < 600; second++) {
      stepped.advanceMs(1_000);
    }

    assertThat(events).noneMatch(event -> event.startsWith("stopped"));
    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
    assertThat(stepped.destination().bytes().contents()).isEqualTo(stepped.content());
  }

  @Test
  @Tag("B17")
  void failingAndRecoveredAreToldOnceEach() {
    CloneDevice device = open(oneByOne());
    failRegions(3, 5, 9);
    stepped.advanceMs(100);
    stepped.advanceMs(100);
    stepped.source().faults().heal();
    stepped.advanceMs(60_000);
    stepped.advanceMs(2_000);

    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
    assertThat(events).containsExactly("failing: BlockIoException", "recovered", "completed");
  }

  @Test
  @Tag("B17")
  void oneBadRegionDoesNotHoldUpTheOthersOfItsBatch() {
    CloneDevice device = open(Hydration.background().threshold(64).batchSize(64));
    failRegions(5);

    for (int i = 0; i < 20; i++) {
      stepped.advanceMs(100);
    }

    assertThat(device.statusNoFlush().hydratedRegions()).isEqualTo(REGIONS - 1);
    assertThat(device.statusNoFlush().hydrationEnabled()).isTrue();
  }

  @Test
  @Tag("B17")
  @Tag("B19")
  void destinationThatFailsIsTreatedAsASourceThatFails() {
    CloneDevice device = open(oneByOne().failuresInRowMax(4));
    stepped.destination().faults().failAlways(Operation.WRITE);
    for (int second = 0; second < 600; second++) {
      stepped.advanceMs(1_000);
    }
    assertThat(stepped.calls("destination", Operation.WRITE)).hasSize(4);
    assertThat(stepped.hydrated()).isZero();
    assertThat(device.statusNoFlush().hydratingRegions()).isZero();
    assertThat(events).containsExactly("failing: BlockIoException", "stopped: BlockIoException");
    assertThat(stepped.readAll()).isEqualTo(stepped.content());
  }

  @Test
  @Tag("B17")
  void regionThatFailedAndWasOverwrittenLeavesNothingBehindThatSpins() {
    CloneDevice device = open(oneByOne().failuresInRowMax(1_000).retryDelay(1_000, 30_000));
    failRegions(3, 5);
    stepped.run();
    assertThat(stepped.hydrated()).isEqualTo(REGIONS - 2);

    stepped.write(3 * REGION, filled(REGION, 1));
    for (int i = 0; i < 2_000; i++) {
      // Fails if the hydrator has work again and again while time stands.
      stepped.advanceMs(20);
    }

    assertThat(attempts()).as("region 5, with growing delays").isLessThan(REGIONS + 10);
    stepped.source().faults().heal();
    stepped.advanceMs(60_000);
    stepped.advanceMs(2_000);
    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
    assertThat(events).containsExactly("failing: BlockIoException", "recovered", "completed");
  }

  @Test
  @Tag("B17")
  void hydrationHasRecoveredWhenTheLastFailedRegionWasOverwritten() {
    CloneDevice device = open(oneByOne());
    failRegions(3);
    stepped.run();

    stepped.write(3 * REGION, filled(REGION, 1));
    stepped.advanceMs(2_000);

    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
    assertThat(events).containsExactly("failing: BlockIoException", "recovered", "completed");
  }

  @Test
  @Tag("B19")
  void everyFailureOfACopyLeavesTheCountersBalanced() {
    assertThat(faultsMet(SteppedClone::source, Operation.READ)).isEqualTo(REGIONS / 2);
    assertThat(faultsMet(SteppedClone::destination, Operation.WRITE)).isEqualTo(REGIONS / 2);
  }

  /**
   * A fresh device for the fault at each call in turn, until one is hydrated without meeting it.
   */
  private static int faultsMet(Function<SteppedClone, FixtureMedium> medium, Operation operation) {
    int call = 0;
    while (metFault(medium, operation, call)) {
      call++;
    }
    return call;
  }

  private static boolean metFault(
      Function<SteppedClone, FixtureMedium> medium, Operation operation, int call) {
    try (SteppedClone fresh = new SteppedClone(REGIONS * REGION, REGION)) {
      CloneDevice device = fresh.open(Hydration.background().threshold(4).batchSize(2));
      FaultyBlockStore faults = medium.apply(fresh).faults();
      faults.failCall(call, operation);

      fresh.run();
      boolean met = faults.faultCount() > 0;

      assertThat(device.statusNoFlush().hydratingRegions()).as("after call %d", call).isZero();
      assertThat(fresh.hydrated()).isEqualTo(met ? REGIONS - 2 : REGIONS);
      fresh.advanceMs(40_000);
      assertThat(device.statusNoFlush().hydratingRegions()).isZero();
      assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
      assertThat(fresh.destination().bytes().contents()).isEqualTo(fresh.content());
      return met;
    }
  }
}
