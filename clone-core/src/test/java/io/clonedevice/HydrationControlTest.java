package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.CloneFixture;
import io.clonedevice.testing.SteppedRuntime;
import io.clonedevice.testing.StoreCall;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** Background hydration as its switches, the clock and failures steer it. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class HydrationControlTest {
  private static final int REGION = 4096;
  private static final Hydration ONE_BY_ONE = Hydration.background().threshold(1).batchSize(1);

  private final CloneFixture media =
      CloneFixture.builder().randomSource(16 * REGION, 1).regionSize(REGION).build();
  private final EventLog log = new EventLog();

  @AfterEach
  void closeMedia() throws Exception {
    media.close();
  }

  private CloneDevice open(SteppedRuntime runtime, Hydration hydration) throws Exception {
    return media
        .deviceBuilder()
        .runtime(runtime.runtime())
        .hydration(hydration)
        .listener(log)
        .open();
  }

  private List<StoreCall> sourceCalls() {
    return media.journal().calls().stream().filter(c -> c.store().equals("source")).toList();
  }

  @Test
  @Tag("A34")
  void disabledHydrationCopiesNothingByItselfHoweverLongItRuns() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device = open(runtime, Hydration.disabled())) {
      runtime.settle();
      for (int second = 0; second < 10; second++) {
        runtime.advanceMs(1000);
      }
      assertThat(device.status().hydrationEnabled()).isFalse();
      assertThat(sourceCalls()).isEmpty();
      // Copies that a write needs are another matter.
      device.blocking().write(512, ByteBuffer.allocate(512));
      runtime.advanceMs(5000);
      assertThat(device.status().hydratedRegions()).isEqualTo(1);
    }
  }

  @Test
  @Tag("A35")
  void copiesInFlightEndNormallyWhenHydrationIsDisabled() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device = open(runtime, ONE_BY_ONE.threshold(4).batchSize(2))) {
      runtime.stepHydrator();
      assertThat(device.statusNoFlush().hydratingRegions()).isEqualTo(4);

      device.disableHydration();
      device.disableHydration();
      runtime.settle();
      runtime.advanceMs(3000);

      assertThat(device.statusNoFlush().hydratedRegions()).isEqualTo(4);
      assertThat(device.statusNoFlush().hydratingRegions()).isZero();
      assertThat(device.statusNoFlush().hydrationEnabled()).isFalse();
      assertThat(log.events()).isEmpty();
    }
  }

  @Test
  @Tag("A35")
  void enablingTwiceCopiesEachRegionOnce() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device = open(runtime, Hydration.disabled().threshold(3).batchSize(1))) {
      runtime.settle();
      device.enableHydration();
      runtime.stepHydrator();
      device.enableHydration();
      runtime.settle();

      assertThat(sourceCalls()).hasSize(16).doesNotHaveDuplicates();
      runtime.await(device.hydrated());
    }
    assertThat(media.destination().bytes().contents()).isEqualTo(media.content());
  }

  @Test
  @Tag("A36")
  void settingsOutOfRangeAreRefusedAndChangeNothing() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device = open(runtime, Hydration.disabled().threshold(5).batchSize(6))) {
      for (long bad : new long[] {-1, Long.MIN_VALUE, 1L << 32, Long.MAX_VALUE}) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> device.hydrationThreshold(bad))
            .withMessageContaining("threshold is " + bad)
            .withMessageContaining("4294967295");
        assertThatIllegalArgumentException()
            .isThrownBy(() -> device.hydrationBatchSize(bad))
            .withMessageContaining("batch size is " + bad);
      }
      assertThat(device.status().hydrationThreshold()).isEqualTo(5);
      assertThat(device.status().hydrationBatchSize()).isEqualTo(6);
      device.hydrationThreshold(4294967295L);
      device.hydrationBatchSize(4294967295L);
      assertThat(device.status().hydrationThreshold()).isEqualTo(4294967295L);
      assertThat(device.status().hydrationBatchSize()).isEqualTo(4294967295L);
      device.enableHydration();
      runtime.await(device.hydrated());
      assertThat(sourceCalls()).containsExactly(copy(0, 16));
    }
  }

  private static StoreCall copy(long region, long count) {
    return new StoreCall("source", Operation.COPY, region * REGION, count * REGION);
  }

  @Test
  @Tag("A38")
  void aFailedRegionIsTriedAgainAfterDelaysThatDoubleUntilHydrationStops() throws Exception {
    CloneFixture one = CloneFixture.builder().randomSource(REGION, 1).regionSize(REGION).build();
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device =
            one.deviceBuilder()
                .runtime(runtime.runtime())
                .hydration(ONE_BY_ONE.failuresInRowMax(5).retryDelay(100, 30_000))
                .listener(log)
                .suspended()
                .open()) {
      one.source().faults().failAlways();
      CompletableFuture<Void> hydrated = device.hydrated();
      device.resume();
      runtime.settle();
      long tries = 1;
      assertThat(one.source().faults().callCount()).isEqualTo(tries);
      assertThat(log.events()).containsExactly("failing");

      for (long delayMs = 100; delayMs <= 800; delayMs *= 2) {
        // A quarter of the delay is left to chance.
        runtime.advanceMs(delayMs * 7 / 8 - 1);
        assertThat(one.source().faults().callCount()).as("before %d ms", delayMs).isEqualTo(tries);
        runtime.advanceMs(delayMs / 4 + 2);
        tries++;
        assertThat(one.source().faults().callCount()).as("after %d ms", delayMs).isEqualTo(tries);
      }

      assertThat(log.events()).containsExactly("failing", "stopped");
      assertThat(log.lastCause()).isInstanceOf(BlockIoException.class);
      assertThat(device.status().hydrationEnabled()).isFalse();
      assertThatThrownBy(() -> runtime.await(hydrated)).hasCause(log.lastCause());
      runtime.advanceMs(100_000);
      assertThat(one.source().faults().callCount()).isEqualTo(tries);

      one.source().faults().heal();
      device.enableHydration();
      runtime.await(device.hydrated());
      assertThat(log.events()).endsWith("completed");
    }
  }

  /** Copies that began before were in flight when hydration stopped, and fail as well. */
  @Test
  @Tag("A38")
  void failuresFromBeforeHydrationWasEnabledAgainDoNotStopIt() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device = open(runtime, ONE_BY_ONE.threshold(3).failuresInRowMax(2))) {
      media.source().faults().failAlways();
      runtime.runTask(); // adds the listener
      runtime.stepHydrator();
      assertThat(device.statusNoFlush().hydratingRegions()).isEqualTo(3);
      runtime.runTask();
      runtime.runTask();
      runtime.stepHydrator();
      assertThat(device.statusNoFlush().hydrationEnabled()).isFalse();

      device.enableHydration();
      while (runtime.runTask()) {
        // The third copy fails, and the hydrator hears of that and of the switch at once.
      }
      media.source().faults().heal();
      runtime.advanceMs(1_000);
      runtime.advanceMs(1_000);

      assertThat(log.events()).containsOnlyOnce("stopped").endsWith("completed");
    }
  }

  @Test
  @Tag("A38")
  void aRegionThatFailsDoesNotKeepItsNeighboursFromBeingCopied() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device =
            media
                .deviceBuilder()
                .runtime(runtime.runtime())
                .hydration(Hydration.background().threshold(16).batchSize(16))
                .listener(log)
                .suspended()
                .open()) {
      long bad = 5L * REGION;
      media.source().faults().failWhen(c -> c.offset() <= bad && bad < c.offset() + c.length());
      device.resume();
      for (int i = 0; i < 20; i++) {
        runtime.advanceMs(1000);
      }
      assertThat(device.status().hydratedRegions()).isEqualTo(15);
      assertThat(log.events()).containsExactly("failing");

      media.source().faults().heal();
      runtime.advanceMs(40_000);
      runtime.await(device.hydrated());
      assertThat(log.events()).containsExactly("failing", "recovered", "completed");
    }
    assertThat(media.destination().bytes().contents()).isEqualTo(media.content());
  }

  @Test
  @Tag("A38")
  void aFailedRegionThatAWriteHydratesNeitherSpinsTheHydratorNorCountsAsFailing() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device =
            media
                .deviceBuilder()
                .runtime(runtime.runtime())
                .hydration(ONE_BY_ONE.failuresInRowMax(1000))
                .listener(log)
                .suspended()
                .open()) {
      // Region 0 fails once, long ago; region 1 goes on failing.
      media.source().faults().failWhen(c -> c.offset() <= REGION);
      device.resume();
      runtime.settle();
      device.blocking().write(0, ByteBuffer.allocate(REGION));
      for (int i = 0; i < 50; i++) {
        runtime.advanceMs(100);
      }
      assertThat(device.status().hydratedRegions()).isEqualTo(15);

      device.blocking().write(REGION, ByteBuffer.allocate(REGION));
      runtime.advanceMs(40_000);
      runtime.await(device.hydrated());
      assertThat(log.events()).containsExactly("failing", "recovered", "completed");
    }
  }
}
