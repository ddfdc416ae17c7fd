package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.CloneFixture;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** The source is no longer needed when nobody reads it any more. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class LastSourceReadTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 4;

  @Test
  @Tag("A67")
  void hydrationIsCompletedWhenTheLastReadOfTheSourceHasEnded() {
    try (SteppedClone stepped = new SteppedClone(REGIONS * REGION, REGION)) {
      CloneDevice device = stepped.open(Hydration.disabled());
      stepped.source().gate().hold(Operation.READ);
      ByteBuffer first = ByteBuffer.allocate(512);
      ByteBuffer second = ByteBuffer.allocate(2 * REGION);
      CompletableFuture<Void> firstRead = device.read(0, first);
      CompletableFuture<Void> secondRead = device.read(REGION, second);
      CompletableFuture<Void> hydrated = device.hydrated();
      stepped.write(0, filled(REGIONS * REGION, 7));
      stepped.await(device.flush());
      assertThat(stepped.committedRegions()).hasSize(REGIONS);

      assertThat(device.statusNoFlush().hydrationCompleted()).isFalse();
      stepped.source().gate().releaseOne();
      stepped.await(firstRead);
      assertThat(device.statusNoFlush().hydrationCompleted()).isFalse();
      assertThat(hydrated).isNotDone();

      stepped.source().gate().open();
      stepped.await(secondRead);
      stepped.await(hydrated);
      assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
      assertThat(first.array()).isEqualTo(stepped.content(0, 512));
      assertThat(second.array()).isEqualTo(stepped.content(REGION, 2 * REGION));
    }
  }

  @Test
  void theHydratorIdlesWhileTheLastReadOfTheSourceHangs() {
    try (SteppedClone stepped = new SteppedClone(REGIONS * REGION, REGION)) {
      CloneDevice device = stepped.open(Hydration.disabled());
      stepped.source().gate().hold(Operation.READ);
      CompletableFuture<Void> read = device.read(0, ByteBuffer.allocate(512));
      stepped.write(0, filled(REGIONS * REGION, 7));
      stepped.await(device.flush());
      int idle = looksAtTheClockIn10Ms(stepped);

      device.enableHydration();
      stepped.run();

      assertThat(looksAtTheClockIn10Ms(stepped)).isEqualTo(idle);
      stepped.source().gate().open();
      stepped.await(read);
    }
  }

  private static int looksAtTheClockIn10Ms(SteppedClone stepped) {
    AtomicInteger looks = new AtomicInteger();
    stepped.onClock(looks::incrementAndGet);
    for (int ms = 0; ms < 10; ms++) {
      stepped.advanceMs(1);
    }
    stepped.onClock(() -> {});
    return looks.get();
  }

  @Test
  @Tag("A67")
  void hydrationIsCompletedWhenTheLastReadOfTheSourceHasFailed() {
    try (SteppedClone stepped = new SteppedClone(REGIONS * REGION, REGION)) {
      CloneDevice device = stepped.open(Hydration.disabled());
      stepped.source().faults().failAlways(Operation.READ);
      stepped.source().gate().hold(Operation.READ);
      CompletableFuture<Void> read = device.read(0, ByteBuffer.allocate(512));
      stepped.write(0, filled(REGIONS * REGION, 7));
      stepped.await(device.flush());
      assertThat(device.statusNoFlush().hydrationCompleted()).isFalse();

      stepped.source().gate().open();

      assertThat(stepped.failureOf(read)).isNotNull();
      assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
    }
  }

  @Test
  @Tag("A67")
  void hydrationIsCompletedWhenTheLastBlockingReadOfTheSourceHasEnded() throws Exception {
    try (CloneFixture media =
        CloneFixture.builder().randomSource(REGIONS * REGION, 1).regionSize(REGION).build()) {
      CloneDevice device = media.device();
      media.source().gate().hold(Operation.READ);
      ByteBuffer target = ByteBuffer.allocate(512);
      FutureTask<Void> read =
          new FutureTask<>(
              () -> {
                device.blocking().read(0, target);
                return null;
              });
      new Thread(read, "test-reader").start();
      media.source().gate().awaitWaiting(1);
      device.blocking().write(0, ByteBuffer.allocate(REGIONS * REGION));
      device.blocking().flush();
      assertThat(device.statusNoFlush().hydrationCompleted()).isFalse();

      media.source().gate().open();

      read.get(20, TimeUnit.SECONDS);
      assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
      assertThat(target.array()).isEqualTo(Arrays.copyOf(media.content(), 512));
    }
  }
}
