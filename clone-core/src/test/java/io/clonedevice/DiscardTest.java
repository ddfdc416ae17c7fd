package io.clonedevice;

import static io.clonedevice.SteppedClone.OLD;
import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.testing.StoreCall;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a discard marks, what it passes down and what it leaves alone. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiscardTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 16;
  private static final int SHORT = 1536;
  private static final int SIZE = (REGIONS - 1) * REGION + SHORT;
  private static final int LAST = (REGIONS - 1) * REGION;
  private static final DiscardSupport LEAVES_OLD_BYTES =
      new DiscardSupport(true, 512, Long.MAX_VALUE / 2, false);
  private static final DiscardSupport LARGE_UNITS =
      new DiscardSupport(true, 4 * REGION, Long.MAX_VALUE / 2, true);

  private SteppedClone stepped = new SteppedClone(SIZE, REGION);

  @AfterEach
  void close() {
    stepped.close();
  }

  private void destinationDiscards(DiscardSupport support) {
    stepped.close();
    stepped = new SteppedClone(SIZE, REGION, support);
  }

  @Test
  @Tag("A11")
  @Tag("A14")
  void discardIsRoundedInwardToWholeRegions() {
    CloneDevice device = stepped.open();

    stepped.await(device.discard(REGION - 512, 4 * REGION));

    assertThat(stepped.hydrated()).isEqualTo(3);
    assertThat(stepped.calls("source")).isEmpty();
    assertThat(stepped.calls("destination"))
        .containsExactly(new StoreCall("destination", Operation.DISCARD, REGION, 3 * REGION));
    assertThat(stepped.read(0, REGION)).isEqualTo(stepped.content(0, REGION));
    assertThat(stepped.read(4 * REGION, REGION)).isEqualTo(stepped.content(4 * REGION, REGION));
  }

  @Test
  @Tag("A11")
  void discardOfExactlyOneRegionMarksIt() {
    CloneDevice device = stepped.open();

    stepped.await(device.discard(7 * REGION, REGION));
    stepped.await(device.flush());

    assertThat(stepped.committedRegions()).containsExactly(7L);
  }

  @Test
  @Tag("A12")
  @Tag("B5")
  void discardThatCoversNoWholeRegionSucceedsWithoutEffect() {
    CloneDevice device = stepped.open();
    for (int offset = 0; offset <= 2 * REGION; offset += 512) {
      for (int length = 0; length < 2 * REGION; length += 512) {
        int first = (offset + REGION - 1) / REGION;
        if ((offset + length) / REGION <= first) {
          stepped.await(device.discard(offset, length));
        }
      }
    }
    for (int offset = LAST; offset < SIZE - 512; offset += 512) {
      stepped.await(device.discard(offset, SIZE - 512 - offset));
    }
    stepped.await(device.discard(SIZE, 0));
    stepped.await(device.discard(LAST + 512, SIZE - LAST - 512));

    assertThat(stepped.journal().calls()).isEmpty();
    assertThat(stepped.hydrated()).isZero();
    assertThat(stepped.readAll()).isEqualTo(stepped.content());
  }

  @Test
  @Tag("B5")
  @Tag("A12")
  void everyDiscardOfEveryGeometryAffectsExactlyTheRegionsItCovers() {
    for (int regionSize : new int[] {4096, 8192}) {
      for (int size : new int[] {512, regionSize - 512, regionSize, regionSize + 512}) {
        for (int offset = 0; offset <= size; offset += 512) {
          for (int length = 0; length <= size - offset; length += 512) {
            checkDiscard(regionSize, size, offset, length);
          }
        }
      }
    }
  }

  private static void checkDiscard(int regionSize, int size, int offset, int length) {
    DiscardSupport any = new DiscardSupport(true, 512, 1 << 30, true);
    try (SteppedClone fresh = new SteppedClone(size, regionSize, any)) {
      CloneDevice device = fresh.open();
      fresh.await(device.discard(offset, length));
      byte[] expected = fresh.content();
      int covered = 0;
      for (int start = 0; start < size; start += regionSize) {
        int end = Math.min(size, start + regionSize);
        if (offset <= start && end <= offset + length) {
          Arrays.fill(expected, start, end, (byte) 0);
          covered++;
        }
      }
      assertThat(fresh.hydrated())
          .as("%d bytes at %d of %d, regions of %d", length, offset, size, regionSize)
          .isEqualTo(covered);
      assertThat(fresh.readAll()).isEqualTo(expected);
    }
  }

  @Test
  @Tag("A6")
  void discardToTheEndOfTheDeviceCoversTheShortLastRegion() {
    CloneDevice device = stepped.open();

    stepped.await(device.discard(LAST - REGION, REGION + SHORT));

    assertThat(stepped.hydrated()).isEqualTo(2);
    assertThat(stepped.calls("destination"))
        .containsExactly(
            new StoreCall("destination", Operation.DISCARD, LAST - REGION, REGION + SHORT));
  }

  @Test
  @Tag("A13")
  @Tag("A14")
  void discardOfHydratedRegionsIsPassedDownTrimmedToWholeRegions() {
    CloneDevice device = stepped.open();
    stepped.write(0, filled(6 * REGION, 1));
    stepped.await(device.flush());
    stepped.journal().clear();

    stepped.await(device.discard(512, 4 * REGION));
    stepped.await(device.flush());

    assertThat(stepped.calls("destination", Operation.DISCARD))
        .containsExactly(new StoreCall("destination", Operation.DISCARD, REGION, 3 * REGION));
    assertThat(stepped.calls("metadata")).as("nothing changed").isEmpty();
    assertThat(stepped.read(0, REGION)).isEqualTo(filled(REGION, 1));
    assertThat(stepped.read(REGION, 3 * REGION)).isEqualTo(new byte[3 * REGION]);
    assertThat(stepped.read(4 * REGION, 2 * REGION)).isEqualTo(filled(2 * REGION, 1));
  }

  @Test
  @Tag("A11")
  @Tag("A13")
  void discardAcrossHydratedAndUnhydratedRegionsPassesAllOfThemDown() {
    CloneDevice device = stepped.open();
    stepped.write(3 * REGION, filled(2 * REGION, 1));
    stepped.journal().clear();

    stepped.await(device.discard(0, 8 * REGION));

    assertThat(stepped.hydrated()).isEqualTo(8);
    assertThat(
            stepped.calls("destination", Operation.DISCARD).stream()
                .mapToLong(StoreCall::length)
                .sum())
        .isEqualTo(8 * REGION);
    assertThat(stepped.read(0, 8 * REGION)).isEqualTo(new byte[8 * REGION]);
  }

  @Test
  @Tag("A15")
  void withoutPassdownTheDestinationIsNotCalled() {
    CloneDevice device = stepped.open(builder -> builder.discardPassdown(false));
    stepped.write(0, filled(REGION, 1));
    stepped.journal().clear();

    stepped.await(device.discard(0, 4 * REGION));
    stepped.await(device.flush());

    assertThat(stepped.calls("destination", Operation.DISCARD, Operation.WRITE)).isEmpty();
    assertThat(stepped.committedRegions()).containsExactly(0L, 1L, 2L, 3L);
    assertThat(device.statusNoFlush().discardPassdown()).isFalse();
  }

  @Test
  @Tag("A15")
  @Tag("A16")
  void passdownIsTurnedOffIfTheDestinationCannotDiscard() {
    destinationDiscards(DiscardSupport.NONE);
    List<String> reasons = new ArrayList<>();
    CloneDevice device = openListeningFor(reasons);

    stepped.await(device.discard(0, 4 * REGION));

    assertThat(reasons)
        .containsExactly(
            "Destination device (destination) discard unsupported: Disabling discard passdown.");
    assertThat(device.statusNoFlush().discardPassdown()).isFalse();
    assertThat(stepped.hydrated()).isEqualTo(4);
    assertThat(stepped.calls("destination")).isEmpty();
  }

  @Test
  @Tag("A16")
  void passdownIsTurnedOffIfTheDestinationCannotDiscardAWholeRegion() {
    destinationDiscards(new DiscardSupport(true, 512, REGION - 512, true));
    List<String> reasons = new ArrayList<>();
    CloneDevice device = openListeningFor(reasons);

    stepped.await(device.discard(0, 4 * REGION));

    assertThat(reasons)
        .containsExactly(
            "Destination device (destination) max discard sectors smaller than a region:"
                + " Disabling discard passdown.");
    assertThat(device.statusNoFlush().discardPassdown()).isFalse();
    assertThat(stepped.calls("destination")).isEmpty();
  }

  @Test
  @Tag("A16")
  void passdownThatNobodyWantedDrawsNoWarning() {
    destinationDiscards(DiscardSupport.NONE);
    List<String> reasons = new ArrayList<>();
    stepped.open(
        builder ->
            builder
                .discardPassdown(false)
                .listener(
                    new CloneListener() {
                      @Override
                      public void discardPassdownDisabled(String reason) {
                        reasons.add(reason);
                      }
                    }));
    stepped.run();

    assertThat(reasons).isEmpty();
  }

  private CloneDevice openListeningFor(List<String> reasons) {
    CloneDevice device =
        stepped.open(
            builder ->
                builder.listener(
                    new CloneListener() {
                      @Override
                      public void discardPassdownDisabled(String reason) {
                        reasons.add(reason);
                      }
                    }));
    stepped.run();
    return device;
  }

  @Test
  @Tag("A17")
  void withoutPassdownTheLimitsAreTheDevicesOwn() {
    CloneDevice device = stepped.open(builder -> builder.discardPassdown(false));

    DiscardSupport support = device.discardSupport();

    assertThat(support.supported()).isTrue();
    assertThat(support.granularity()).isEqualTo(REGION);
    assertThat(support.maxLength()).isEqualTo((1L << 32) - REGION);
    assertThat(support.readsZeroes()).isFalse();
  }

  @Test
  @Tag("A17")
  @Tag("B23")
  void limitWithPassdownIsTheDestinationsInWholeRegions() {
    destinationDiscards(new DiscardSupport(true, 1024, 3 * REGION + 1024, true));
    CloneDevice device = stepped.open();

    DiscardSupport support = device.discardSupport();

    assertThat(support.granularity()).as("less is rounded to nothing").isEqualTo(REGION);
    assertThat(support.maxLength()).isEqualTo(3 * REGION);
  }

  @Test
  @Tag("A17")
  @Tag("B25")
  void destinationThatDiscardsLargerUnitsThanARegionMakesTheDevicePromiseNoZeroes() {
    destinationDiscards(LARGE_UNITS);
    CloneDevice device = stepped.open();

    DiscardSupport support = device.discardSupport();
    stepped.await(device.discard(0, 6 * REGION));

    assertThat(support.granularity()).isEqualTo(4 * REGION);
    assertThat(support.readsZeroes()).isFalse();
    assertThat(stepped.calls("destination"))
        .containsExactly(new StoreCall("destination", Operation.DISCARD, 0, 6 * REGION));
  }

  @Test
  @Tag("B23")
  @Tag("A17")
  void bigDiscardIsSplitAtRegionBoundariesSoThatNoRegionIsLost() {
    destinationDiscards(new DiscardSupport(true, 512, 3 * REGION + 1024, true));
    CloneDevice device = stepped.open();
    stepped.write(0, filled(7 * REGION, 1));
    stepped.journal().clear();

    stepped.await(device.discard(0, SIZE));

    assertThat(stepped.hydrated()).isEqualTo(REGIONS);
    assertThat(stepped.readAll()).isEqualTo(new byte[SIZE]);
    assertThat(stepped.calls("destination", Operation.DISCARD))
        .isNotEmpty()
        .allSatisfy(
            call -> {
              assertThat(call.length()).isLessThanOrEqualTo(3 * REGION);
              assertThat(call.offset() % REGION).isZero();
            });
  }

  @Test
  @Tag("A13")
  void destinationWithoutALimitGetsTheWholeDiscardAtOnce() {
    destinationDiscards(new DiscardSupport(true, 512, Long.MAX_VALUE, true));
    CloneDevice device = stepped.open();

    stepped.await(device.discard(0, SIZE));

    assertThat(stepped.calls("destination", Operation.DISCARD))
        .containsExactly(new StoreCall("destination", Operation.DISCARD, 0, SIZE));
  }

  @Test
  @Tag("A16")
  void passdownStaysOnIfTheWholeDeviceIsSmallerThanARegion() {
    stepped.close();
    stepped = new SteppedClone(1024, REGION, new DiscardSupport(true, 512, 1024, true));
    CloneDevice device = stepped.open();

    stepped.await(device.discard(0, 1024));

    assertThat(stepped.calls("destination", Operation.DISCARD))
        .containsExactly(new StoreCall("destination", Operation.DISCARD, 0, 1024));
  }

  @Test
  @Tag("A68")
  void freedBlocksThatWereTrimmedBeforeHydrationAreNeverCopied() {
    CloneDevice device = stepped.open(Hydration.disabled().threshold(64).batchSize(64));
    stepped.await(device.discard(REGION, 5 * REGION));
    stepped.await(device.discard(8 * REGION, SIZE - 8 * REGION));
    stepped.journal().clear();

    device.enableHydration();
    stepped.advanceMs(5_000);

    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
    assertThat(stepped.calls("source"))
        .containsExactly(
            new StoreCall("source", Operation.READ, 0, REGION),
            new StoreCall("source", Operation.READ, 6 * REGION, 2 * REGION));
  }

  @Test
  @Tag("B25")
  void withoutTheOptionADiscardedRegionReadsWhatTheDestinationHeld() {
    CloneDevice device = stepped.open(builder -> builder.discardPassdown(false));

    stepped.await(device.discard(0, 2 * REGION));

    assertThat(device.discardSupport().readsZeroes()).isFalse();
    assertThat(stepped.read(0, 2 * REGION)).isEqualTo(filled(2 * REGION, OLD));
  }

  @Test
  @Tag("B25")
  void withTheOptionADiscardedRegionReadsZeroesWithoutPassdown() {
    checkReadsZeroes(stepped.open(b -> b.discardPassdown(false).discardedReadsZeroes(true)));
    assertThat(stepped.calls("destination", Operation.DISCARD)).isEmpty();
  }

  @Test
  @Tag("B25")
  void withTheOptionADiscardedRegionReadsZeroesIfTheDestinationCannotDiscard() {
    destinationDiscards(DiscardSupport.NONE);
    checkReadsZeroes(stepped.open(b -> b.discardedReadsZeroes(true)));
  }

  @Test
  @Tag("B25")
  void withTheOptionADiscardedRegionReadsZeroesIfTheDestinationsDiscardLeavesOldBytes() {
    destinationDiscards(LEAVES_OLD_BYTES);
    checkReadsZeroes(stepped.open(b -> b.discardedReadsZeroes(true)));
  }

  @Test
  @Tag("B25")
  void withTheOptionADiscardedRegionReadsZeroesIfTheDestinationDiscardsLargerUnits() {
    destinationDiscards(LARGE_UNITS);
    CloneDevice device = stepped.open(b -> b.discardedReadsZeroes(true));

    checkReadsZeroes(device);

    assertThat(device.discardSupport().granularity()).isEqualTo(REGION);
    assertThat(stepped.calls("destination", Operation.DISCARD)).isEmpty();
  }

  private void checkReadsZeroes(CloneDevice device) {
    assertThat(device.discardSupport().readsZeroes()).isTrue();
    stepped.write(2 * REGION, filled(REGION, 1));

    stepped.await(device.discard(REGION, 3 * REGION));
    stepped.await(device.discard(LAST, SHORT));

    byte[] expected = stepped.content();
    Arrays.fill(expected, REGION, 4 * REGION, (byte) 0);
    Arrays.fill(expected, LAST, SIZE, (byte) 0);
    assertThat(stepped.readAll()).isEqualTo(expected);
    assertThat(stepped.hydrated()).isEqualTo(4);
  }

  @Test
  @Tag("B25")
  void destinationThatReadsZeroesAfterItsDiscardMakesTheDeviceDoSo() {
    assertThat(stepped.open().discardSupport().readsZeroes()).isTrue();
  }

  @Test
  @Tag("B25")
  void destinationThatDoesNotPromiseZeroesMakesTheDevicePromiseNone() {
    destinationDiscards(LEAVES_OLD_BYTES);
    assertThat(stepped.open().discardSupport().readsZeroes()).isFalse();
  }

  @Test
  @Tag("B25")
  void regionIsMarkedOnlyAfterItsZeroesAreThere() {
    destinationDiscards(DiscardSupport.NONE);
    CloneDevice device = stepped.open(b -> b.discardedReadsZeroes(true));
    stepped.destination().gate().hold(Operation.WRITE);

    CompletableFuture<Void> discard = device.discard(0, REGION);
    stepped.run();

    assertThat(discard).isNotDone();
    assertThat(stepped.hydrated()).isZero();
    assertThat(stepped.read(0, REGION)).isEqualTo(stepped.content(0, REGION));
  }

  @Test
  @Tag("B25")
  @Tag("A11")
  void regionIsMarkedOnlyAfterThePromisedZeroesOfAPassedDownDiscardAreThere() {
    CloneDevice device = stepped.open();
    stepped.destination().gate().hold(Operation.DISCARD);

    CompletableFuture<Void> discard = device.discard(0, REGION);
    stepped.run();

    // A commit now would record a region that reads the destination's old bytes after a crash.
    assertThat(discard).isNotDone();
    assertThat(stepped.hydrated()).isZero();
    assertThat(stepped.read(0, REGION)).isEqualTo(stepped.content(0, REGION));
    stepped.destination().gate().open();
    stepped.await(discard);
    assertThat(stepped.read(0, REGION)).isEqualTo(new byte[REGION]);
  }

  @Test
  @Tag("B25")
  @Tag("B19")
  void passedDownDiscardThatFailsLeavesTheRegionsToTheSource() {
    CloneDevice device = stepped.open();
    stepped.destination().faults().failCall(0, Operation.DISCARD);

    CompletableFuture<Void> discard = device.discard(0, 2 * REGION);

    assertThat(stepped.failureOf(discard)).isInstanceOf(BlockIoException.class);
    assertThat(stepped.read(0, 2 * REGION)).isEqualTo(stepped.content(0, 2 * REGION));
    stepped.await(device.discard(0, 2 * REGION));
    assertThat(stepped.read(0, 2 * REGION)).isEqualTo(new byte[2 * REGION]);
  }

  @Test
  @Tag("A13")
  void discardedRegionCanBeWrittenAgain() {
    CloneDevice device = stepped.open();
    stepped.await(device.discard(0, 4 * REGION));

    stepped.await(device.write(REGION + 512, ByteBuffer.wrap(filled(512, 1))));

    byte[] expected = new byte[4 * REGION];
    System.arraycopy(filled(512, 1), 0, expected, REGION + 512, 512);
    assertThat(stepped.read(0, 4 * REGION)).isEqualTo(expected);
    assertThat(stepped.calls("source")).isEmpty();
  }
}
