package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.SteppedRuntime;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** Devices of one runtime that want more copies in flight than it can have take turns. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class HydrationSharingTest {
  private static final int REGION = 4096;

  /** How many copies a runtime can have in flight. */
  private static final int ALL = 819;

  private final SteppedRuntime steps = new SteppedRuntime();
  private final List<CloneDevice> devices = new ArrayList<>();

  @AfterEach
  void close() throws IOException {
    for (CloneDevice device : devices) {
      device.close();
    }
    steps.close();
  }

  /** Opens a device and lets it begin its copies; each is a task that the test runs. */
  private CloneDevice open(int regions, long threshold) throws IOException {
    CloneDevice device =
        CloneDevice.builder()
            .source(new MemoryBlockStore(regions * (long) REGION))
            .destination(new MemoryBlockStore(regions * (long) REGION))
            .metadata(new MemoryBlockStore(MetadataSize.forRegions(regions)))
            .regionSize(REGION)
            .hydration(Hydration.background().threshold(threshold).batchSize(1))
            .runtime(steps.runtime())
            .open();
    devices.add(device);
    steps.stepHydrator();
    return device;
  }

  /** Ends the oldest copies, one after the other. */
  private void endCopies(int count) {
    for (int i = 0; i < count; i++) {
      steps.runTask();
      steps.stepHydrator();
    }
  }

  private static long copies(CloneDevice device) {
    return device.statusNoFlush().hydratingRegions();
  }

  @Test
  void whatOneDeviceGivesBackGoesToThoseThatWereRefused() throws IOException {
    CloneDevice greedy = open(2 * ALL, 2 * ALL);
    CloneDevice first = open(8, 8);
    CloneDevice second = open(8, 8);
    assertThat(copies(greedy)).isEqualTo(ALL);
    assertThat(copies(first)).isZero();

    // It waits for more than all, too, and has come first; from then on it waits behind them.
    endCopies(3);
    assertThat(copies(first)).isEqualTo(1);
    assertThat(copies(second)).isEqualTo(1);
    endCopies(3);
    assertThat(copies(first)).isEqualTo(2);
    assertThat(copies(second)).isEqualTo(2);
    assertThat(copies(greedy)).isEqualTo(ALL - 4);
  }

  @Test
  void manyDevicesAllHydrate() throws IOException {
    for (int i = 0; i < 20; i++) {
      open(256, 64);
    }
    assertThat(devices).filteredOn(device -> copies(device) == 0).hasSize(7);

    endCopies(8); // The first of them is for the device that has less than it wants.

    assertThat(devices).allMatch(device -> copies(device) > 0);
  }

  @Test
  void copiesThatEndTogetherAreDealtOutOneByOne() throws IOException {
    CloneDevice greedy = open(2 * ALL, 2 * ALL);
    CloneDevice first = open(2, 2);
    CloneDevice second = open(8, 8);

    for (int i = 0; i < 5; i++) {
      steps.runTask();
    }
    steps.stepHydrator();

    assertThat(copies(greedy)).isEqualTo(ALL - 5 + 2);
    assertThat(copies(first)).isEqualTo(2);
    assertThat(copies(second)).isEqualTo(1);
  }

  @Test
  void whoeverIsClosedOrTurnedOffWhileItWaitsKeepsNoneOfTheOthersWaiting() throws IOException {
    open(2 * ALL, 2 * ALL);
    CloneDevice off = open(8, 8);
    CloneDevice gone = open(8, 8);
    CloneDevice last = open(8, 8);
    off.disableHydration();
    gone.close();

    endCopies(2); // The first of them is for the one that has all the others.

    assertThat(copies(off)).isZero();
    assertThat(copies(last)).isEqualTo(1);
  }
}
