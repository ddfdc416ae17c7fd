package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.StoreCall;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is copied in the background, in which order, how much at once and how fast. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BackgroundHydrationTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 16;
  private static final int SHORT = 512;
  private static final int SIZE = (REGIONS - 1) * REGION + SHORT;

  private final SteppedClone stepped = new SteppedClone(SIZE, REGION);

  @AfterEach
  void close() {
    stepped.close();
  }

  private static Hydration oneByOne() {
    return Hydration.background().threshold(1).batchSize(1);
  }

  /** First region and number of regions of each copy that was begun. */
  private List<String> copies() {
    return stepped.calls("source", Operation.READ).stream()
        .map(call -> call.offset() / REGION + "+" + (call.length() + REGION - 1) / REGION)
        .toList();
  }

  private int copiesBegun() {
    return stepped.calls("source", Operation.READ).size();
  }

  @Test
  @Tag("A26")
  void copiesRegionAfterRegionFromTheStartUntilAllAreDone() {
    CloneDevice device = stepped.open(oneByOne());
    stepped.advanceMs(2_000);

    assertThat(copies())
        .containsExactly(
            "0+1", "1+1", "2+1", "3+1", "4+1", "5+1", "6+1", "7+1", "8+1", "9+1", "10+1", "11+1",
            "12+1", "13+1", "14+1", "15+1");
    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
    assertThat(stepped.destination().bytes().contents()).isEqualTo(stepped.content());
  }

  @Test
  @Tag("A26")
  void comesBackToARegionThatFailedAfterTheOthers() {
    CloneDevice device = stepped.open(oneByOne());
    stepped.source().faults().failCall(2, Operation.READ);
    stepped.run();
    assertThat(stepped.hydrated()).isEqualTo(REGIONS - 1);

    stepped.advanceMs(2_000);

    assertThat(copies()).hasSize(REGIONS + 1).endsWith("15+1", "2+1");
    assertThat(device.statusNoFlush().hydratedRegions()).isEqualTo(REGIONS);
  }

  @Test
  @Tag("A26")
  void skipsWhatIsHydratedAlready() {
    CloneDevice device = stepped.open(oneByOne().batchSize(1));
    device.disableHydration();
    stepped.write(0, filled(3 * REGION, 1));
    stepped.write(7 * REGION, filled(REGION, 1));
    device.enableHydration();
    stepped.run();

    assertThat(copies()).hasSize(REGIONS - 4).doesNotContain("0+1", "1+1", "2+1", "7+1");
    assertThat(stepped.read(0, 3 * REGION)).isEqualTo(filled(3 * REGION, 1));
  }

  @Test
  void regionsThatWereReadAreCopiedNextAndAllOfThem() {
    CloneDevice device =
        stepped.open(Hydration.background().onRead(true).threshold(0).batchSize(2));
    stepped.read(9 * REGION, 5 * REGION);
    stepped.journal().clear();
    device.hydrationThreshold(2);
    stepped.advanceMs(1_000);

    assertThat(copies()).startsWith("9+2", "11+2", "13+2", "0+2");
  }

  @Test
  @Tag("A28")
  void noMoreRegionsAreCopiedAtOnceThanTheThreshold() {
    CloneDevice device = stepped.open(Hydration.background().threshold(3).batchSize(1));
    stepped.source().gate().hold();
    stepped.advanceMs(5_000);
    assertThat(copies()).containsExactly("0+1", "1+1", "2+1");
    assertThat(device.statusNoFlush().hydratingRegions()).isEqualTo(3);

    stepped.source().gate().releaseOne();
    stepped.run();

    assertThat(copies()).containsExactly("0+1", "1+1", "2+1", "3+1");
  }

  @Test
  @Tag("A28")
  @Tag("A30")
  void defaultsFollowFromTheRegionSize() {
    try (SteppedClone large = new SteppedClone(1 << 20, 65_536)) {
      CloneStatus status = large.open(Hydration.background()).statusNoFlush();
      assertThat(status.hydrationThreshold()).isEqualTo(16); // one copy
      assertThat(status.hydrationBatchSize()).isEqualTo(16);
    }
    CloneStatus status = stepped.open(Hydration.background()).statusNoFlush();
    assertThat(status.hydrationThreshold()).isEqualTo(256);
    assertThat(status.hydrationBatchSize()).isEqualTo(256);
  }

  @Test
  @Tag("A29")
  void thresholdOfZeroStopsAndALargerOneGoesOn() {
    CloneDevice device = stepped.open(oneByOne().threshold(0));
    stepped.advanceMs(60_000);
    assertThat(copies()).isEmpty();

    stepped.source().gate().hold();
    device.hydrationThreshold(2);
    stepped.run();
    assertThat(copies()).hasSize(2);
    device.hydrationThreshold(0);
    stepped.source().gate().open();
    stepped.advanceMs(60_000);
    assertThat(copies()).as("those in flight end, no new ones begin").hasSize(2);
    assertThat(stepped.hydrated()).isEqualTo(2);

    device.hydrationThreshold(1);
    stepped.advanceMs(2_000);
    assertThat(stepped.hydrated()).isEqualTo(REGIONS);
  }

  @Test
  @Tag("A30")
  void adjacentRegionsAreJoinedUpToTheBatchSizeAndNotAcrossHydratedOnes() {
    CloneDevice device = stepped.open(Hydration.disabled().threshold(64).batchSize(4));
    stepped.write(2 * REGION, filled(REGION, 1));
    device.enableHydration();
    stepped.run();

    assertThat(copies()).containsExactly("0+2", "3+4", "7+4", "11+4", "15+1");
    assertThat(stepped.calls("source"))
        .last()
        .extracting(StoreCall::length)
        .isEqualTo((long) SHORT);
    assertThat(stepped.read(2 * REGION, REGION)).isEqualTo(filled(REGION, 1));
  }

  @Test
  @Tag("A30")
  @Tag("B10")
  void batchSizeOfZeroCopiesOneRegionAtATime() {
    stepped.open(Hydration.background().threshold(1).batchSize(0));
    stepped.run();

    assertThat(copies()).hasSize(REGIONS).allMatch(copy -> copy.endsWith("+1"));
  }

  @Test
  @Tag("A31")
  void batchIsNoLargerThanWhatTheThresholdLeaves() {
    stepped.open(Hydration.background().threshold(6).batchSize(4));
    stepped.source().gate().hold();
    stepped.run();

    assertThat(copies()).containsExactly("0+4", "4+2");
  }

  @Test
  @Tag("A31")
  void batchLargerThanTheThresholdHasNoEffect() {
    stepped.open(Hydration.background().threshold(3).batchSize(100));
    stepped.source().gate().hold();
    stepped.run();

    assertThat(copies()).containsExactly("0+3");
  }

  @Test
  @Tag("A33")
  void shareOfTimeLeavesPausesInProportionToTheCopies() {
    stepped.open(oneByOne().timeShareMax(25));
    stepped.source().gate().hold();
    stepped.run();
    for (int copy = 1; copy <= 4; copy++) {
      assertThat(copiesBegun()).isEqualTo(copy);
      stepped.advanceMs(10);
      stepped.source().gate().releaseOne();
      stepped.run();
      stepped.advanceMs(29);
      assertThat(copiesBegun()).as("10 ms of copying, 30 ms of rest").isEqualTo(copy);
      stepped.advanceMs(1);
    }
    assertThat(copiesBegun()).isEqualTo(5);
  }

  @Test
  @Tag("A33")
  void bytesPerSecondAreNotExceeded() {
    stepped.open(oneByOne().bytesPerSecondMax(10 * REGION));
    stepped.run();
    for (int ms = 1; ms < 1_000; ms++) {
      stepped.advanceMs(1);
      assertThat(copiesBegun()).as("after %d ms", ms).isEqualTo(1 + ms / 100);
    }
  }

  @Test
  @Tag("A27")
  void nothingNewStartsWhileRequestsAreInFlight() {
    CloneDevice device = stepped.open(oneByOne().timeShareMin(0));
    CompletableFuture<Void> write = writeInFlight(device);
    for (int i = 0; i < 1_000; i++) {
      stepped.advanceMs(10);
    }
    assertThat(copies()).isEmpty();

    stepped.destination().gate().open();
    stepped.await(write);
    stepped.advanceMs(10);

    assertThat(stepped.hydrated()).isEqualTo(REGIONS);
  }

  @Test
  @Tag("A27")
  void nothingNewStartsBetweenRequestsThatFollowEachOther() {
    CloneDevice device = stepped.open(oneByOne().timeShareMin(0));
    stepped.await(device.write(0, ByteBuffer.wrap(filled(REGION, 1))));
    for (int i = 0; i < 100; i++) {
      stepped.await(device.read(0, ByteBuffer.allocate(REGION)));
      for (int ms = 0; ms < 4; ms++) {
        stepped.advanceMs(1);
      }
    }
    assertThat(copies()).isEmpty();

    for (int ms = 0; ms < 10; ms++) {
      stepped.advanceMs(1);
    }

    assertThat(stepped.hydrated()).isEqualTo(REGIONS);
  }

  @Test
  @Tag("A27")
  void copyInFlightEndsNormallyWhileRequestsAreInFlight() {
    CloneDevice device = stepped.open(oneByOne().timeShareMin(0));
    stepped.source().gate().hold();
    stepped.run();
    CompletableFuture<Void> write = writeInFlight(device);

    stepped.source().gate().open();
    stepped.advanceMs(1_000);

    assertThat(copies()).containsExactly("0+1");
    assertThat(stepped.hydrated()).isEqualTo(1);
    assertThat(write).isNotDone();
  }

  @Test
  @Tag("B16")
  @Tag("A27")
  void smallestShareOfTimeKeepsHydrationGoingUnderSteadyLoad() {
    try (SteppedClone large = new SteppedClone(6 << 20, 1 << 20)) {
      CloneDevice device = large.open(oneByOne().timeShareMin(10));
      large.destination().gate().hold(call -> call.offset() == 5 << 20);
      CompletableFuture<Void> write = device.write(5 << 20, ByteBuffer.allocate(1 << 20));
      large.source().gate().hold();
      large.run();
      for (int copy = 1; copy <= 4; copy++) {
        assertThat(large.calls("source", Operation.READ)).hasSize(copy);
        large.advanceMs(1);
        large.source().gate().releaseOne();
        large.run();
        for (int ms = 0; ms < 8; ms++) {
          large.advanceMs(1);
        }
        assertThat(large.calls("source", Operation.READ))
            .as("1 ms of copying, 9 ms for requests")
            .hasSize(copy);
        large.advanceMs(1);
      }
      assertThat(write).as("the load is steady").isNotDone();
    }
  }

  @Test
  @Tag("A27")
  void copiesThatWaitForTheirSourceDoNotWaitForEachOtherBesideRequests() {
    CloneDevice device =
        stepped.open(Hydration.background().threshold(4).batchSize(1).timeShareMin(10));
    stepped.source().gate().hold();
    CompletableFuture<Void> write = writeInFlight(device);
    for (int copies = 1; copies <= 4; copies++) {
      stepped.run();
      assertThat(copiesBegun()).isEqualTo(copies);
      stepped.advanceMs(1);
    }
    assertThat(write).isNotDone();
    assertThat(stepped.hydrated()).isZero();
  }

  @Test
  @Tag("B16")
  void hydrationEndsUnderSteadyLoadByDefault() {
    CloneDevice device = stepped.open(Hydration.background());
    CompletableFuture<Void> write = writeInFlight(device);

    for (int ms = 0; ms < 2_000; ms++) {
      stepped.advanceMs(1);
    }

    assertThat(write).isNotDone();
    assertThat(stepped.hydrated()).as("all but the region being written").isEqualTo(REGIONS - 1);
  }

  @Test
  @Tag("B16")
  void wholeShareOfTimeDoesNotYield() {
    CloneDevice device = stepped.open(oneByOne().timeShareMin(100));
    writeInFlight(device);
    stepped.run();

    assertThat(stepped.hydrated()).isEqualTo(REGIONS - 1);
  }

  /** A write of region 14, which stays in flight until the destination's gate opens. */
  private CompletableFuture<Void> writeInFlight(CloneDevice device) {
    stepped
        .destination()
        .gate()
        .hold(call -> call.operation() == Operation.WRITE && call.offset() == 14 * REGION);
    return device.write(14 * REGION, ByteBuffer.wrap(filled(REGION, 1)));
  }
}
