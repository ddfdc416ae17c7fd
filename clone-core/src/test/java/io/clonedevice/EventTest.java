package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.CloneFixture;
import io.clonedevice.testing.StoreCall;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** When a device says that hydration is complete, and whom it tells. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class EventTest {
  private static final int REGION = 4096;

  private final CloneFixture media =
      CloneFixture.builder().randomSource(16 * REGION + 512, 1).regionSize(REGION).build();
  private final EventLog log = new EventLog();

  @AfterEach
  void closeMedia() throws Exception {
    media.close();
  }

  @Test
  @Tag("A39")
  @Tag("B15")
  void completionIsToldOnlyWhenTheLastFlushOfTheMetadataHasReturned() throws Exception {
    try (CloneDevice device =
        media.deviceBuilder().hydration(Hydration.background()).listener(log).suspended().open()) {
      media.destination().gate().hold(Operation.FLUSH);
      media.metadata().gate().hold(Operation.FLUSH);
      CompletableFuture<Void> hydrated = device.hydrated();
      device.resume();

      media.destination().gate().awaitWaiting(1);
      assertNotCompleted(device, hydrated);
      media.destination().gate().open();
      // The flush before the superblock, then the one after it.
      media.metadata().gate().awaitWaiting(1);
      assertNotCompleted(device, hydrated);
      media.metadata().gate().releaseOne();
      media.metadata().gate().awaitWaiting(1);
      assertNotCompleted(device, hydrated);

      media.metadata().gate().open();
      hydrated.get(20, TimeUnit.SECONDS);
      assertThat(log.events()).containsExactly("completed");
      assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
      assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(17);
    }
    assertThat(log.events()).containsExactly("completed");
  }

  private void assertNotCompleted(CloneDevice device, CompletableFuture<Void> hydrated) {
    CloneStatus status = device.statusNoFlush();
    assertThat(status.hydratedRegions()).isEqualTo(17);
    assertThat(status.hydrationCompleted()).isFalse();
    assertThat(hydrated).isNotDone();
    assertThat(log.events()).isEmpty();
  }

  @Test
  @Tag("A39")
  @Tag("B15")
  void whatIsOnDiskIsCompleteWhenTheListenerHearsIt() throws Exception {
    AtomicLong onDisk = new AtomicLong(-1);
    AtomicReference<List<StoreCall>> calls = new AtomicReference<>();
    CloneListener reader =
        new CloneListener() {
          @Override
          public void hydrationCompleted() {
            calls.set(media.journal().calls());
            try {
              onDisk.set(OnDisk.hydratedRegions(media.metadata().contents()));
            } catch (java.io.IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          }
        };
    try (CloneDevice device =
        media.deviceBuilder().hydration(Hydration.background()).listener(reader).open()) {
      device.hydrated().get(20, TimeUnit.SECONDS);
    }
    assertThat(onDisk).hasValue(17);
    List<StoreCall> metadata =
        calls.get().stream().filter(call -> call.store().equals("metadata")).toList();
    assertThat(metadata.get(metadata.size() - 1).operation()).isEqualTo(Operation.FLUSH);
    assertThat(metadata.get(metadata.size() - 2))
        .isEqualTo(new StoreCall("metadata", Operation.WRITE, 0, 4096));
  }

  @Test
  @Tag("A39")
  @Tag("B15")
  void completionIsNotToldByACommitDuringWhichTheLastRegionIsMarked() throws Exception {
    try (CloneDevice device = media.deviceBuilder().listener(log).open()) {
      int last = 16 * REGION;
      device.write(0, ByteBuffer.allocate(last)).get(20, TimeUnit.SECONDS);
      media.metadata().gate().hold(Operation.WRITE);
      CompletableFuture<Void> flush = device.flush();
      media.metadata().gate().awaitWaiting(1);
      media.destination().gate().hold(Operation.FLUSH);
      device
          .write(last, ByteBuffer.allocate(media.content().length - last))
          .get(20, TimeUnit.SECONDS);
      media.metadata().gate().open();
      // The first commit has ended, the next one has begun.
      flush.get(20, TimeUnit.SECONDS);
      media.destination().gate().awaitWaiting(1);

      assertThat(device.statusNoFlush().hydratedRegions()).isEqualTo(17);
      assertThat(device.statusNoFlush().hydrationCompleted()).isFalse();
      media.destination().gate().open();
      device.hydrated().get(20, TimeUnit.SECONDS);
    }
    assertThat(log.events()).containsExactly("completed");
  }

  @Test
  @Tag("A39")
  void completionIsToldOnceEvenIfMoreCommitsFindEverythingHydrated() throws Exception {
    try (CloneDevice device =
        media.deviceBuilder().hydration(Hydration.background()).listener(log).open()) {
      device.hydrated().get(20, TimeUnit.SECONDS);
      for (int i = 0; i < 3; i++) {
        device.write(0, ByteBuffer.allocate(512)).get(20, TimeUnit.SECONDS);
        device.discard(0, REGION).get(20, TimeUnit.SECONDS);
        device.flush().get(20, TimeUnit.SECONDS);
        device.status();
      }
      device.suspend();
      device.resume();
      device.hydrated().get(20, TimeUnit.SECONDS);
    }
    assertThat(log.events()).containsExactly("completed");
  }

  @Test
  @Tag("A39")
  void aListenerThatComesLateAndADeviceThatIsOpenedAgainLearnIt() throws Exception {
    EventLog late = new EventLog();
    try (CloneDevice device =
        media.deviceBuilder().hydration(Hydration.background()).listener(log).open()) {
      device.hydrated().get(20, TimeUnit.SECONDS);
      device.addListener(late);
      late.await("completed");
    }
    assertThat(late.events()).containsExactly("completed");
    EventLog next = new EventLog();
    try (CloneDevice device = media.deviceBuilder().listener(next).open()) {
      device.hydrated().get(20, TimeUnit.SECONDS);
      next.await("completed");
    }
    assertThat(next.events()).containsExactly("completed");
  }

  @Test
  @Tag("A39")
  @Tag("B15")
  void completionIsNotToldWhenTheCommitOfTheLastRegionsFails() throws Exception {
    try (CloneDevice device =
        media.deviceBuilder().hydration(Hydration.background()).listener(log).suspended().open()) {
      media.metadata().faults().failAlways(Operation.WRITE);
      CompletableFuture<Void> hydrated = device.hydrated();
      device.resume();
      log.await("ro");
      assertThatThrownBy(() -> hydrated.get(20, TimeUnit.SECONDS)).hasMessageContaining("ro");
      assertThat(device.status().hydrationCompleted()).isFalse();
      assertThat(log.events()).containsExactly("ro");

      media.metadata().faults().heal();
      CompletableFuture<Void> again = device.hydrated();
      device.reopenReadWrite();
      again.get(20, TimeUnit.SECONDS);
      assertThat(device.status().hydrationCompleted()).isTrue();
      assertThat(log.events()).containsExactly("ro", "rw", "completed");
    }
  }

  @Test
  @Tag("B15")
  void aFailedFlushOfTheDestinationIsNeverFollowedByCompletion() throws Exception {
    try (CloneDevice device =
        media.deviceBuilder().hydration(Hydration.background()).listener(log).suspended().open()) {
      media.destination().faults().failCall(0, Operation.FLUSH);
      CompletableFuture<Void> hydrated = device.hydrated();
      device.resume();
      assertThatThrownBy(() -> hydrated.get(20, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class);
      assertThatThrownBy(device::reopenReadWrite).hasMessageContaining("flush of the destination");
      assertThat(device.status().hydrationCompleted()).isFalse();
      assertThatThrownBy(device::close).isInstanceOf(java.io.IOException.class);
    }
    assertThat(log.events()).containsExactly("ro");
    assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isZero();
  }

  @Test
  void aListenerThatIsNullIsRefusedInTheCaller() throws Exception {
    try (CloneDevice device =
        CloneFixture.builder()
            .randomSource(1 << 16, 1)
            .regionSize(4096)
            .build()
            .deviceBuilder()
            .open()) {
      assertThatThrownBy(() -> device.addListener(null))
          .isInstanceOf(NullPointerException.class)
          .hasMessage("listener");
    }
  }

  @Test
  @Tag("A40")
  void whatOneListenerThrowsDoesNotKeepTheNextFromHearing() throws Exception {
    CloneListener broken =
        new CloneListener() {
          @Override
          public void hydrationCompleted() {
            throw new IllegalStateException("thrown by the test's listener");
          }
        };
    try (CloneDevice device =
        media
            .deviceBuilder()
            .hydration(Hydration.background())
            .listener(broken)
            .listener(log)
            .open()) {
      device.hydrated().get(20, TimeUnit.SECONDS);
    }
    assertThat(log.events()).containsExactly("completed");
  }
}
