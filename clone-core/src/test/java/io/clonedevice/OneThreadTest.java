package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.testing.CloneFixture;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One thread runs a device and waits for it. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OneThreadTest {
  private static final int REGION = 4096;

  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private final CloneFixture media =
      CloneFixture.builder().randomSource(8 * REGION, 1).regionSize(REGION).build();
  private final CloneRuntime runtime =
      CloneRuntime.builder()
          .steppedByCaller()
          .ioExecutor(tasks::add)
          .whileWaiting(this::step)
          .build();

  @AfterEach
  void closeMedia() throws Exception {
    media.close();
  }

  private void step() {
    Runnable task = tasks.poll();
    if (task != null) {
      task.run();
    } else if (runtime.step() == 0) {
      throw new IllegalStateException("nothing left to do");
    }
  }

  @Test
  void suspendAndCloseEndWhatIsInFlight() throws Exception {
    CloneDevice device = media.deviceBuilder().runtime(runtime).open();
    CompletableFuture<Void> write = device.write(512, ByteBuffer.allocate(512));
    assertThat(write).isNotDone();

    device.suspend();

    assertThat(write).isCompleted();
    device.resume();
    CompletableFuture<Void> flush = device.flush();
    assertThat(flush).isNotDone();

    device.close();

    assertThat(flush).isCompleted();
  }

  @Test
  void blockingWriteThatMeetsACopyWaitsForIt() throws Exception {
    CloneDevice device = media.deviceBuilder().runtime(runtime).open();
    device.hydrationThreshold(8);
    device.enableHydration();
    runtime.step();
    assertThat(device.statusNoFlush().hydratingRegions()).isEqualTo(8);

    device.blocking().write(512, ByteBuffer.allocate(512));

    assertThat(device.statusNoFlush().hydratedRegions()).isPositive();
    device.close();
  }

  @Test
  void whatAStepThrowsEndsTheWait() throws Exception {
    CloneDevice device = media.deviceBuilder().runtime(runtime).open();
    device.suspend();

    assertThatThrownBy(() -> device.blocking().write(0, ByteBuffer.allocate(512)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("nothing left to do");

    device.close();
  }
}
