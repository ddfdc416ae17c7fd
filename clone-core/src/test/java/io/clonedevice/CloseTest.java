package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CloneFixture;
import io.clonedevice.testing.SteppedRuntime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** A device is closed at any moment, by anybody. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class CloseTest {
  private static final int REGION = 4096;

  private final CloneFixture media =
      CloneFixture.builder().randomSource(64 * REGION, 1).regionSize(REGION).build();

  private static FutureTask<Void> closeInAnotherThread(CloneDevice device) {
    FutureTask<Void> closing =
        new FutureTask<>(
            () -> {
              device.close();
              return null;
            });
    Thread thread = new Thread(closing, "test-close");
    thread.setDaemon(true);
    thread.start();
    return closing;
  }

  @AfterEach
  void closeMedia() throws Exception {
    media.close();
  }

  @Test
  @Tag("B11")
  void closeWithoutSuspendCommitsAndAPendingTickTouchesNothingAfterwards() throws Exception {
    Leaks leaks = new Leaks(null);
    try (SteppedRuntime runtime = new SteppedRuntime()) {
      CloneDevice device = media.deviceBuilder().runtime(runtime.runtime()).open();
      device.blocking().write(0, ByteBuffer.allocate(REGION));
      runtime.settle();
      runtime.advanceMs(999);
      assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isZero();
      device.close();
      assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(1);

      media.journal().clear();
      runtime.advanceMs(1);
      runtime.advanceMs(10_000);
      assertThat(media.journal().calls()).isEmpty();
    }
    leaks.assertNone();
  }

  @Test
  @Tag("B11")
  void closeWaitsForTheCommitOfATickThatRuns() throws Exception {
    Leaks leaks = new Leaks(null);
    CloneDevice device = media.deviceBuilder().open();
    device.blocking().write(0, ByteBuffer.allocate(REGION));
    media.metadata().gate().hold(Operation.WRITE);
    CompletableFuture<Void> flush = device.flush();
    media.metadata().gate().awaitWaiting(1);
    FutureTask<Void> closing = closeInAnotherThread(device);
    assertThatThrownBy(() -> enterUntilRefused(device)).isInstanceOf(IllegalStateException.class);
    assertThat(closing).isNotDone();
    media.metadata().gate().open();
    closing.get(20, TimeUnit.SECONDS);
    flush.get(20, TimeUnit.SECONDS);
    assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(1);
    leaks.assertNone();
  }

  private static void enterUntilRefused(CloneDevice device) {
    while (true) {
      device.read(0, ByteBuffer.allocate(512));
    }
  }

  @Test
  @Tag("B11")
  void closeWaitsForCopiesAndRequestsInFlightAndKeepsWhatTheyDid() throws Exception {
    Leaks leaks = new Leaks(null);
    CloneDevice device =
        media
            .deviceBuilder()
            .hydration(Hydration.background().threshold(4).batchSize(4).timeShareMin(100))
            .suspended()
            .open();
    media.source().gate().hold(Operation.COPY);
    media.destination().gate().hold(Operation.WRITE);
    device.resume();
    media.source().gate().awaitWaiting(1);
    CompletableFuture<Void> write = device.write(20 * REGION, ByteBuffer.allocate(REGION));
    media.destination().gate().awaitWaiting(1);
    FutureTask<Void> closing = closeInAnotherThread(device);
    assertThatThrownBy(() -> enterUntilRefused(device)).isInstanceOf(IllegalStateException.class);
    assertThat(closing).isNotDone();
    assertThat(write).isNotDone();
    media.destination().gate().open();
    write.get(20, TimeUnit.SECONDS);
    media.source().gate().open();
    closing.get(20, TimeUnit.SECONDS);
    assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(5);
    leaks.assertNone();
  }

  @Test
  @Tag("B11")
  void aListenerClosesTheDevice() throws Exception {
    Leaks leaks = new Leaks(null);
    AtomicReference<CloneDevice> device = new AtomicReference<>();
    CompletableFuture<Void> closed = new CompletableFuture<>();
    CloneListener closer =
        new CloneListener() {
          @Override
          public void hydrationCompleted() {
            complete(closed, device.get()::close);
          }
        };
    device.set(
        media
            .deviceBuilder()
            .hydration(Hydration.background())
            .listener(closer)
            .suspended()
            .open());
    device.get().resume();
    closed.get(20, TimeUnit.SECONDS);
    device.get().close();
    assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(64);
    leaks.assertNone();
  }

  @Test
  @Tag("B11")
  void aListenerClosesTheDeviceOnTheOnlyThreadForInputAndOutputWhileRequestsAreInFlight()
      throws Exception {
    try (CloneRuntime runtime = CloneRuntime.builder().ioThreads(1).build()) {
      AtomicReference<CloneDevice> device = new AtomicReference<>();
      CountDownLatch submitted = new CountDownLatch(1);
      CompletableFuture<Void> closed = new CompletableFuture<>();
      CloneListener closer =
          new CloneListener() {
            @Override
            public void hydrationCompleted() {
              complete(
                  closed,
                  () -> {
                    submitted.await();
                    device.get().close();
                  });
            }
          };
      device.set(
          media
              .deviceBuilder()
              .runtime(runtime)
              .hydration(Hydration.background())
              .listener(closer)
              .suspended()
              .open());
      CompletableFuture<Void> hydrated = device.get().hydrated();
      device.get().resume();
      awaitCompleted(device.get());
      // They need the I/O thread while the listener waits for them.
      List<CompletableFuture<Void>> writes = new ArrayList<>();
      for (int region = 0; region < 64; region++) {
        writes.add(device.get().write(region * REGION, ByteBuffer.allocate(512)));
      }
      submitted.countDown();
      closed.get(20, TimeUnit.SECONDS);
      for (CompletableFuture<Void> write : writes) {
        write.get(20, TimeUnit.SECONDS);
      }
      hydrated.get(20, TimeUnit.SECONDS);
    }
  }

  private static void awaitCompleted(CloneDevice device) {
    while (!device.statusNoFlush().hydrationCompleted()) {
      Thread.onSpinWait();
    }
  }

  /** Something that may fail. */
  private interface Action {
    void run() throws Exception;
  }

  private static void complete(CompletableFuture<Void> outcome, Action action) {
    try {
      action.run();
      outcome.complete(null);
    } catch (Exception | Error e) {
      outcome.completeExceptionally(e);
    }
  }

  @Test
  @Tag("B11")
  void aStageThatDependsOnHydrationClosesTheDevice() throws Exception {
    Leaks leaks = new Leaks(null);
    CloneDevice device = media.deviceBuilder().hydration(Hydration.background()).suspended().open();
    CompletableFuture<Void> closed = new CompletableFuture<>();
    device.hydrated().thenRun(() -> complete(closed, device::close));
    device.resume();
    closed.get(20, TimeUnit.SECONDS);
    assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(64);
    leaks.assertNone();
  }

  @Test
  @Tag("B11")
  void aStageThatDependsOnARequestClosesTheDevice() throws Exception {
    Leaks leaks = new Leaks(null);
    CloneDevice device = media.deviceBuilder().open();
    CompletableFuture<Void> closed = new CompletableFuture<>();
    device.write(512, ByteBuffer.allocate(512)).thenRun(() -> complete(closed, device::close));
    closed.get(20, TimeUnit.SECONDS);
    assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(1);
    leaks.assertNone();
  }

  @Test
  @Tag("B11")
  void manyThreadsCloseWhileManyRequestsRun() throws Exception {
    int closers = 4;
    int writers = 4;
    int regionsPerWriter = 256;
    try (CloneFixture wide =
        CloneFixture.builder()
            .randomSource((writers * regionsPerWriter + 1) * REGION, 1)
            .regionSize(REGION)
            .build()) {
      Leaks leaks = new Leaks(null);
      // Never complete: that would commit by itself.
      Hydration slow = Hydration.background().bytesPerSecondMax(REGION);
      CloneDevice device = wide.deviceBuilder().hydration(slow).open();
      CyclicBarrier barrier = new CyclicBarrier(closers + writers);
      CountDownLatch underWay = new CountDownLatch(writers);
      Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
      List<FutureTask<Void>> tasks = new ArrayList<>();
      for (int i = 0; i < closers + writers; i++) {
        int number = i;
        FutureTask<Void> task =
            new FutureTask<>(
                () -> {
                  barrier.await(20, TimeUnit.SECONDS);
                  if (number < closers) {
                    assertThat(underWay.await(20, TimeUnit.SECONDS)).isTrue();
                    device.close();
                  } else {
                    long firstRegion = (number - closers) * (long) regionsPerWriter;
                    writeUntilClosed(device, firstRegion, regionsPerWriter, acknowledged, underWay);
                  }
                  return null;
                });
        tasks.add(task);
        new Thread(task, "test-" + i).start();
      }
      for (FutureTask<Void> task : tasks) {
        task.get(20, TimeUnit.SECONDS);
      }
      assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(writers);
      assertThat(CommittedRegions.on(MemoryBlockStore.copyOf(wide.metadata().contents())))
          .as("what was acknowledged was committed")
          .containsAll(acknowledged);
      leaks.assertNone();
    }
  }

  private static void writeUntilClosed(
      CloneDevice device,
      long firstRegion,
      int regionCount,
      Set<Long> acknowledged,
      CountDownLatch underWay)
      throws Exception {
    for (int i = 0; ; i++) {
      long region = firstRegion + i % regionCount;
      CompletableFuture<Void> write;
      try {
        write = device.write(region * REGION + 512, ByteBuffer.allocate(1024));
      } catch (IllegalStateException e) {
        return;
      }
      // Once it was let in, it ends well.
      write.get(20, TimeUnit.SECONDS);
      acknowledged.add(region);
      underWay.countDown();
    }
  }

  private static void awaitState(Thread thread, Thread.State state) {
    while (thread.getState() != state) {
      Thread.onSpinWait();
    }
  }

  @Test
  @Tag("B11")
  void requestsThatWaitForAResumeAreRefusedByClose() throws Exception {
    CloneDevice device = media.deviceBuilder().suspended().open();
    CompletableFuture<Void> read = device.read(0, ByteBuffer.allocate(512));
    CompletableFuture<Void> flush = device.flush();
    CompletableFuture<Void> hydrated = device.hydrated();
    FutureTask<Void> blocked =
        new FutureTask<>(
            () -> {
              device.blocking().write(0, ByteBuffer.allocate(512));
              return null;
            });
    Thread writer = new Thread(blocked, "test-writer");
    writer.start();
    awaitState(writer, Thread.State.WAITING);
    device.close();
    for (CompletableFuture<Void> each : List.of(read, flush, hydrated)) {
      assertThatThrownBy(() -> each.get(20, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    }
    // The blocking face is a store: a call on a closed store is an I/O exception.
    assertThatThrownBy(() -> blocked.get(20, TimeUnit.SECONDS))
        .cause()
        .isInstanceOf(IOException.class)
        .hasCauseInstanceOf(ClosedChannelException.class);
  }

  @Test
  @Tag("B11")
  void aStageThatDependsOnARequestThatCloseRefusesClosesTheDevice() throws Exception {
    CloneDevice device = media.deviceBuilder().suspended().open();
    CompletableFuture<Void> closed = new CompletableFuture<>();
    CompletableFuture<Void> read = device.read(0, ByteBuffer.allocate(512));
    read.whenComplete((nothing, failure) -> complete(closed, device::close));
    closeInAnotherThread(device).get(20, TimeUnit.SECONDS);
    assertThat(closed).isCompleted();
  }

  @Test
  @Tag("B11")
  void closeClosesEverythingWhateverFailsAndTellsTheFirstFailure() throws Exception {
    Leaks leaks = new Leaks(null);
    List<CountingStore> stores = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      stores.add(new CountingStore(new MemoryBlockStore(1 << 20)));
    }
    CloneDevice device =
        CloneDevice.builder()
            .source(stores.get(0))
            .destination(stores.get(1))
            .metadata(stores.get(2))
            .hydration(Hydration.disabled())
            .open();
    device.blocking().write(0, ByteBuffer.allocate(512));
    assertThatThrownBy(device::close).isSameAs(CountingStore.FAILURE);
    for (CountingStore store : stores) {
      assertThat(store.closes).hasPositiveValue();
    }
    device.close();
    leaks.assertNone();
  }

  /** Fails to close, with always the same exception. */
  private static final class CountingStore extends FilterBlockStore {
    static final IOException FAILURE = new IOException("thrown by the test's store");
    final AtomicInteger closes = new AtomicInteger();

    CountingStore(BlockStore delegate) {
      super(delegate);
    }

    @Override
    public void close() throws IOException {
      closes.incrementAndGet();
      super.close();
      throw FAILURE;
    }
  }

  @Test
  @Tag("B11")
  void anInterruptedThreadClosesAndStaysInterrupted() throws Exception {
    CloneDevice device = media.deviceBuilder().hydration(Hydration.background()).open();
    device.blocking().write(0, ByteBuffer.allocate(512));
    Thread.currentThread().interrupt();
    device.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isPositive();
  }
}
