package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import net.openhft.chronicle.core.OS;
import net.openhft.chronicle.core.io.BackgroundResourceReleaser;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A finished clone gives its region map back while it goes on working. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FinishedCloneMemoryTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 1024;

  private static long offHeapBytes() {
    BackgroundResourceReleaser.releasePendingResources();
    return OS.memory().nativeMemoryUsed();
  }

  @Test
  @Tag("A69")
  void regionMapIsReleasedWhenHydrationIsCommitted() {
    long before = offHeapBytes();
    try (SteppedClone stepped = new SteppedClone(REGIONS * REGION, REGION)) {
      CloneDevice device = stepped.open(Hydration.background());
      assertThat(offHeapBytes()).as("the map is off-heap").isGreaterThan(before);

      stepped.advanceMs(1_000);
      stepped.advanceMs(1_000);

      assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
      assertThat(offHeapBytes()).isEqualTo(before);
      stepped.write(512, filled(REGION, 1));
      stepped.await(device.discard(8 * REGION, REGION));
      stepped.await(device.flush());
      assertThat(stepped.read(512, REGION)).isEqualTo(filled(REGION, 1));
      assertThat(stepped.hydrated()).isEqualTo(REGIONS);
    }
  }

  @Test
  @Tag("A69")
  void regionMapIsNotTakenFromARequestThatIsInside() {
    long before = offHeapBytes();
    try (SteppedClone stepped = new SteppedClone(REGIONS * REGION, REGION)) {
      CloneDevice device = stepped.open(Hydration.disabled());
      stepped.write(0, filled(REGION, 1));
      stepped.destination().gate().hold(Operation.READ);
      CompletableFuture<Void> read = device.read(0, ByteBuffer.allocate(REGION));
      device.enableHydration();
      for (int i = 0; i < 3_000; i++) {
        stepped.advanceMs(1);
      }
      assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
      assertThat(offHeapBytes()).isGreaterThan(before);

      stepped.destination().gate().open();
      stepped.await(read);
      stepped.advanceMs(1_000);

      assertThat(offHeapBytes()).isEqualTo(before);
    }
  }
}
