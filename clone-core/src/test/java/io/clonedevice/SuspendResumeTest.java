package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.CloneFixture;
import io.clonedevice.testing.SteppedRuntime;
import io.clonedevice.testing.StoreCall;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** Suspend, resume, and going on after a restart. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class SuspendResumeTest {
  private static final int REGION = 4096;

  private final CloneFixture media =
      CloneFixture.builder().randomSource(16 * REGION, 1).regionSize(REGION).build();

  private List<StoreCall> calls(String store) {
    return media.journal().calls().stream().filter(c -> c.store().equals(store)).toList();
  }

  @AfterEach
  void closeMedia() throws Exception {
    media.close();
  }

  @Test
  @Tag("A46")
  void suspendWaitsForCopiesInFlightAndCommitsThem() throws Exception {
    try (CloneDevice device =
        media
            .deviceBuilder()
            .hydration(Hydration.background().threshold(2).batchSize(2))
            .suspended()
            .open()) {
      media.source().gate().hold();
      device.resume();
      media.source().gate().awaitWaiting(1);
      FutureTask<Void> suspending = start(device::suspend);
      awaitSuspended(device);
      assertThat(suspending).isNotDone();
      assertThat(device.statusNoFlush().hydratingRegions()).isEqualTo(2);

      media.source().gate().open();
      suspending.get(20, TimeUnit.SECONDS);

      CloneStatus status = device.statusNoFlush();
      assertThat(status.suspended()).isTrue();
      assertThat(status.hydratingRegions()).isZero();
      assertThat(status.hydratedRegions()).isEqualTo(2);
      assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(2);
    }
    assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(2);
  }

  @Test
  @Tag("A46")
  void suspendWaitsForRequestsInFlight() throws Exception {
    try (CloneDevice device = media.deviceBuilder().open()) {
      media.destination().gate().hold(Operation.WRITE);
      CompletableFuture<Void> write = device.write(0, ByteBuffer.allocate(REGION));
      media.destination().gate().awaitWaiting(1);
      FutureTask<Void> suspending = start(device::suspend);
      awaitSuspended(device);
      assertThat(suspending).isNotDone();
      assertThat(write).isNotDone();
      media.destination().gate().open();
      suspending.get(20, TimeUnit.SECONDS);
      write.get(20, TimeUnit.SECONDS);
      assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(1);
    }
  }

  @Test
  @Tag("A46")
  void aSuspendedDeviceTouchesNoStoreWhateverTheTime() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device =
            media
                .deviceBuilder()
                .runtime(runtime.runtime())
                .hydration(Hydration.background().threshold(1).batchSize(1))
                .open()) {
      runtime.stepHydrator();
      runtime.runTask();
      device.suspend();
      long hydrated = device.statusNoFlush().hydratedRegions();
      media.journal().clear();
      CompletableFuture<Void> read = device.read(0, ByteBuffer.allocate(512));
      CompletableFuture<Void> flush = device.flush();
      device.enableHydration();
      device.hydrationThreshold(8);
      for (int i = 0; i < 5; i++) {
        runtime.advanceMs(1000);
      }
      assertThat(device.status().hydratedRegions()).isEqualTo(hydrated);
      assertThat(media.journal().calls()).isEmpty();
      assertThat(read).isNotDone();
      assertThat(flush).isNotDone();

      device.resume();
      runtime.await(read);
      runtime.await(flush);
      runtime.await(device.hydrated());
    }
  }

  @Test
  @Tag("A46")
  void blockingRequestsWaitForTheResume() throws Exception {
    try (CloneDevice device = media.deviceBuilder().open()) {
      device.suspend();
      ByteBuffer target = ByteBuffer.allocate(512);
      Thread[] reader = new Thread[1];
      FutureTask<Void> read =
          new FutureTask<>(
              () -> {
                device.blocking().read(0, target);
                return null;
              });
      reader[0] = new Thread(read);
      reader[0].start();
      while (reader[0].getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
      assertThat(read).isNotDone();
      device.resume();
      read.get(20, TimeUnit.SECONDS);
      assertThat(target.hasRemaining()).isFalse();
    }
  }

  @Test
  @Tag("A46")
  void theTickGoesOnAfterTheResume() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device = media.deviceBuilder().runtime(runtime.runtime()).open()) {
      device.blocking().write(0, ByteBuffer.allocate(REGION));
      runtime.settle();
      device.suspend();
      runtime.advanceMs(5000);
      device.resume();
      runtime.settle();
      device.blocking().write(REGION, ByteBuffer.allocate(REGION));
      runtime.settle();
      assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(1);
      runtime.advanceMs(1001);
      assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(2);
    }
  }

  @Test
  @Tag("A46")
  void aSuspendThatCannotCommitSaysSoAndSuspendsNevertheless() throws Exception {
    try (CloneDevice device = media.deviceBuilder().open()) {
      device.blocking().write(0, ByteBuffer.allocate(REGION));
      media.metadata().faults().failAlways(Operation.WRITE);
      assertThatThrownBy(device::suspend).isInstanceOf(IOException.class);
      assertThat(device.statusNoFlush().suspended()).isTrue();
      media.metadata().faults().heal();
      device.resume();
      device.reopenReadWrite();
    }
    assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(1);
  }

  @Test
  @Tag("A46")
  void aResumeThatMeetsASuspendUnderWayLeavesAWorkingDevice() throws Exception {
    try (CloneDevice device = media.deviceBuilder().open()) {
      media.destination().gate().hold(Operation.WRITE);
      CompletableFuture<Void> write = device.write(0, ByteBuffer.allocate(REGION));
      media.destination().gate().awaitWaiting(1);
      FutureTask<Void> suspending = start(device::suspend);
      awaitSuspended(device);
      FutureTask<Void> resuming =
          new FutureTask<>(
              () -> {
                device.resume();
                return null;
              });
      Thread resumer = new Thread(resuming, "test-resume");
      resumer.start();
      // It ends, or waits for the suspend.
      while (!resuming.isDone() && resumer.getState() == Thread.State.RUNNABLE) {
        Thread.onSpinWait();
      }
      media.destination().gate().open();
      write.get(20, TimeUnit.SECONDS);
      suspending.get(20, TimeUnit.SECONDS);
      resuming.get(20, TimeUnit.SECONDS);
      assertThat(device.statusNoFlush().suspended()).isFalse();
      device.enableHydration();
      device.hydrated().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  @Tag("A47")
  void aDeviceThatStartsSuspendedDoesNothingBeforeTheFirstResume() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device =
            media
                .deviceBuilder()
                .runtime(runtime.runtime())
                .hydration(Hydration.background())
                .suspended()
                .open()) {
      media.journal().clear();
      CompletableFuture<Void> write = device.write(0, ByteBuffer.allocate(REGION));
      for (int i = 0; i < 5; i++) {
        runtime.advanceMs(1000);
      }
      assertThat(device.status().suspended()).isTrue();
      assertThat(media.journal().calls()).isEmpty();
      assertThat(write).isNotDone();
      device.resume();
      runtime.await(write);
      runtime.await(device.hydrated());
    }
  }

  @Test
  @Tag("A48")
  void hydrationGoesOnFromTheBitmapAfterARestart() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device =
            media
                .deviceBuilder()
                .runtime(runtime.runtime())
                .hydration(Hydration.background().threshold(3).batchSize(1).timeShareMin(100))
                .open()) {
      device.blocking().write(9 * REGION, ByteBuffer.allocate(REGION));
      runtime.stepHydrator();
      device.disableHydration();
      runtime.settle();
      assertThat(device.statusNoFlush().hydratedRegions()).isEqualTo(4);
    }
    media.journal().clear();
    try (CloneDevice device =
        media.deviceBuilder().hydration(Hydration.background().batchSize(1)).open()) {
      assertThat(device.statusNoFlush().hydratedRegions()).isGreaterThanOrEqualTo(4);
      device.hydrated().get(20, TimeUnit.SECONDS);
    }
    assertThat(calls("source"))
        .extracting(call -> call.offset() / REGION)
        .containsExactlyInAnyOrder(3L, 4L, 5L, 6L, 7L, 8L, 10L, 11L, 12L, 13L, 14L, 15L);
    byte[] expected = media.content();
    java.util.Arrays.fill(expected, 9 * REGION, 10 * REGION, (byte) 0);
    assertThat(media.destination().bytes().contents()).isEqualTo(expected);
  }

  @Test
  @Tag("A48")
  void hydrationGoesOnAfterAResumeWhereItWas() throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device =
            media
                .deviceBuilder()
                .runtime(runtime.runtime())
                .hydration(Hydration.background().threshold(1).batchSize(1))
                .open()) {
      runtime.stepHydrator();
      runtime.runTask();
      device.suspend();
      runtime.settle();
      device.resume();
      runtime.await(device.hydrated());
    }
    assertThat(calls("source")).hasSize(16).doesNotHaveDuplicates();
  }

  /** A step that may throw an I/O exception. */
  private interface Action {
    void run() throws Exception;
  }

  private static FutureTask<Void> start(Action action) {
    Callable<Void> callable =
        () -> {
          action.run();
          return null;
        };
    FutureTask<Void> task = new FutureTask<>(callable);
    Thread thread = new Thread(task, "test-action");
    thread.setDaemon(true);
    thread.start();
    return task;
  }

  private static void awaitSuspended(CloneDevice device) {
    while (!device.statusNoFlush().suspended()) {
      Thread.onSpinWait();
    }
  }
}
