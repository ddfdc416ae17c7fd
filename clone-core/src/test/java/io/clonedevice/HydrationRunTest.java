package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.Extent;
import io.clonedevice.testing.StoreCall;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a device tells about the state of ranges, and the hint to hydrate one next. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HydrationRunTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 16;

  /** The last region is short. */
  private static final int SIZE = REGIONS * REGION - 512;

  private final SteppedClone stepped = new SteppedClone(SIZE, REGION);

  @AfterEach
  void close() {
    stepped.close();
  }

  @Test
  void runsCoverTheDeviceAndEndWhereTheStateChanges() {
    CloneDevice device = stepped.open();
    stepped.write(3 * REGION, filled(2 * REGION, 1));
    stepped.write(15 * REGION, filled(REGION - 512, 1));

    List<HydrationRun> runs = new ArrayList<>();
    for (long at = 0; at < SIZE; at += runs.get(runs.size() - 1).length()) {
      runs.add(device.runAt(at, SIZE - at));
    }

    assertThat(runs)
        .containsExactly(
            new HydrationRun(0, 3 * REGION, false),
            new HydrationRun(3 * REGION, 2 * REGION, true),
            new HydrationRun(5 * REGION, 10 * REGION, false),
            new HydrationRun(15 * REGION, REGION - 512, true));
  }

  @Test
  void runIsCutToTheRangeThatWasAskedFor() {
    CloneDevice device = stepped.open();

    assertThat(device.runAt(REGION + 512, 1024))
        .isEqualTo(new HydrationRun(REGION + 512, 1024, false));
  }

  @Test
  void rangeIsHydratedWhenEveryRegionOfItIs() {
    CloneDevice device = stepped.open();
    stepped.write(2 * REGION, filled(2 * REGION, 1));

    assertThat(device.isHydrated(2 * REGION, 2 * REGION)).isTrue();
    assertThat(device.isHydrated(3 * REGION + 512, 512)).isTrue();
    assertThat(device.isHydrated(2 * REGION - 512, 1024)).isFalse();
    assertThat(device.isHydrated(4 * REGION - 512, 1024)).isFalse();
  }

  @Test
  void everythingIsHydratedAfterTheMapWasReleased() {
    CloneDevice device = stepped.open(Hydration.background());
    stepped.run();
    stepped.advanceMs(2_000);
    stepped.advanceMs(2_000);
    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();

    assertThat(device.isHydrated(0, SIZE)).isTrue();
    assertThat(device.runAt(0, SIZE)).isEqualTo(new HydrationRun(0, SIZE, true));
  }

  @Test
  void misuseIsRefused() {
    CloneDevice device = stepped.open();

    assertThatThrownBy(() -> device.runAt(0, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> device.isHydrated(0, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> device.runAt(0, SIZE + 512))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> device.hydrateNext(100, 512))
        .isInstanceOf(IllegalArgumentException.class);
    stepped.closeDevice();
    assertThatThrownBy(() -> device.runAt(0, SIZE)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void extentsAreThoseOfTheStoreThatHoldsTheValidData() throws IOException {
    // Memory knows holes of whole pages of this size.
    int page = 64 << 10;
    try (SteppedClone paged = new SteppedClone(6 * page, page)) {
      CloneDevice device = paged.open();
      paged.write(3 * page, filled(page, 1));
      paged.await(device.discard(4 * page, page));

      assertThat(device.blocking().extentAt(page, 5 * page))
          .isEqualTo(new Extent(page, 2 * page, Extent.Kind.DATA));
      assertThat(device.blocking().extentAt(3 * page, 3 * page))
          .isEqualTo(new Extent(3 * page, page, Extent.Kind.DATA));
      assertThat(device.blocking().extentAt(4 * page, 2 * page))
          .isEqualTo(new Extent(4 * page, page, Extent.Kind.HOLE));
    }
  }

  @Test
  void hintedRangeIsCopiedFirst() {
    CloneDevice device = stepped.open(Hydration.background().threshold(0).batchSize(2));
    device.hydrateNext(9 * REGION, 5 * REGION);
    stepped.run();

    device.hydrationThreshold(2);
    stepped.run();

    assertThat(stepped.calls("source", Operation.READ).subList(0, 4))
        .containsExactly(
            new StoreCall("source", Operation.READ, 9 * REGION, 2 * REGION),
            new StoreCall("source", Operation.READ, 11 * REGION, 2 * REGION),
            new StoreCall("source", Operation.READ, 13 * REGION, 2 * REGION),
            new StoreCall("source", Operation.READ, 0, 2 * REGION));
  }

  @Test
  void hintMovesNothingWhileHydrationIsOff() {
    CloneDevice device = stepped.open();

    device.hydrateNext(0, SIZE);
    stepped.advanceMs(2_000);

    assertThat(stepped.calls("source")).isEmpty();
  }

  @Test
  void hydrationThatIsTurnedOnBeginsWithTheFirstHintsOfBefore() {
    int regions = 200;
    try (SteppedClone wide = new SteppedClone(regions * REGION, REGION)) {
      CloneDevice device = wide.open(Hydration.disabled().threshold(1).batchSize(1));
      device.hydrateNext(190 * REGION, 2 * REGION);
      device.hydrateNext(100 * REGION, 80 * REGION);
      device.hydrateNext(50 * REGION, REGION);
      wide.run();

      device.enableHydration();
      wide.run();

      List<Long> copied =
          wide.calls("source", Operation.READ).stream().map(c -> c.offset() / REGION).toList();
      List<Long> hinted =
          LongStream.concat(LongStream.of(190, 191), LongStream.range(100, 162)).boxed().toList();
      assertThat(hinted).hasSize(64);
      assertThat(copied.subList(0, 64)).isEqualTo(hinted);
      assertThat(copied.get(64)).as("the scan takes its turn").isZero();
      assertThat(copied).hasSize(regions);
    }
  }
}
