package io.clonedevice.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneRuntime;
import io.clonedevice.Leaks;
import io.clonedevice.faults.FaultPoint.Role;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStore.Execution;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Calls that hang until their store is closed: all calls of an operation of one store, with every
 * kind of request under way. Threads are real, time moves when the test says so.
 */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class HangUntilCloseTest {
  // So that a copy of two is long enough to have its write-back started.
  private static final int REGION = 128 << 10;
  private static final int REGIONS = 32;
  private static final long PATIENCE_MS = 10_000;

  private final MemoryBlockStore sourceBytes = new MemoryBlockStore(REGIONS * REGION);
  private final MemoryBlockStore destinationBytes = new MemoryBlockStore(REGIONS * REGION);
  private final MemoryBlockStore metadataBytes =
      new MemoryBlockStore(MetadataSize.forRegions(REGIONS));
  private final AtomicLong nowNs = new AtomicLong();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private LegalBytes bytes;
  private List<FragileStore> stores;
  private CloneRuntime runtime;
  private CloneDevice device;
  private Leaks leaks;

  @BeforeEach
  void fillMedia() throws IOException {
    byte[] content = new byte[REGIONS * REGION];
    new Random(1).nextBytes(content);
    sourceBytes.write(0, ByteBuffer.wrap(content));
    bytes = new LegalBytes(content);
    leaks = new Leaks(null);
    runtime =
        CloneRuntime.builder().steppedByCaller().clock(nowNs::get).ioExecutor(threads).build();
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    runtime.close();
    threads.shutdown();
    assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).as("threads have ended").isTrue();
    leaks.assertNone();
  }

  private void open(Execution execution, CloneRuntime shared) throws IOException {
    stores =
        Stream.of(sourceBytes, destinationBytes, metadataBytes)
            .map(medium -> FragileStore.over(medium, execution, threads))
            .toList();
    device =
        CloneDevice.builder()
            .source(stores.get(0))
            .destination(stores.get(1))
            .metadata(stores.get(2))
            .regionSize(REGION)
            .runtime(shared)
            .closePatience(Duration.ofMillis(shared == null ? 50 : PATIENCE_MS))
            .hydration(Hydration.disabled().threshold(4).batchSize(2).timeShareMin(100))
            .open();
  }

  private FragileStore store(Role role) {
    return stores.get(role.ordinal());
  }

  private void write(int region, int value) throws IOException {
    byte[] data = new byte[REGION];
    Arrays.fill(data, (byte) value);
    device.blocking().write(region * REGION, ByteBuffer.wrap(data));
    bytes.written(region * REGION, data);
  }

  /** Every kind of request, each by a thread of its own that hangs where a request may. */
  private List<Future<?>> submitEverything() {
    List<Callable> requests =
        List.of(
            () -> device.read(20 * REGION, buffer(2 * REGION)).join(),
            () -> device.blocking().read(20 * REGION, buffer(2 * REGION)),
            () -> device.blocking().read(0, buffer(REGION)),
            () -> device.write(22 * REGION + 512, buffer(512)).join(),
            () -> device.blocking().write(23 * REGION + 512, buffer(512)),
            () -> device.write(24 * REGION, buffer(2 * REGION)).join(),
            () -> device.write(512, buffer(512)).join(),
            () -> device.blocking().write(1024, buffer(512)),
            () -> device.writeDurably(26 * REGION, buffer(REGION)).join(),
            () -> device.discard(28 * REGION, 2 * REGION).join(),
            () -> device.blocking().discard(30 * REGION, REGION),
            () -> device.flush().join(),
            () -> device.blocking().flush(),
            () -> device.status());
    for (int offset = 0; offset < REGIONS * REGION; offset += REGION) {
      if (offset == 0 || offset >= 20 * REGION) {
        bytes.maybeWritten(offset, new byte[REGION]);
      }
    }
    List<Future<?>> started = new ArrayList<>();
    for (Callable request : requests) {
      started.add(
          threads.submit(
              () -> {
                request.call();
                return null;
              }));
    }
    return started;
  }

  private interface Callable {
    void call() throws Exception;
  }

  private static ByteBuffer buffer(int length) {
    return ByteBuffer.allocate(length);
  }

  static Stream<Arguments> hangs() {
    List<Arguments> all = new ArrayList<>();
    for (Execution execution : Execution.values()) {
      boolean copies = execution != Execution.ASYNCHRONOUS;
      for (Operation operation : Operation.values()) {
        if (operation == Operation.READ || (operation == Operation.COPY && copies)) {
          all.add(Arguments.of(Role.SOURCE, operation, execution));
        }
        if (operation != Operation.COPY) {
          all.add(Arguments.of(Role.DESTINATION, operation, execution));
        }
        if (Set.of(Operation.READ, Operation.WRITE, Operation.FLUSH).contains(operation)) {
          all.add(Arguments.of(Role.METADATA, operation, execution));
        }
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("hangs")
  void closeReturnsAndWhatWasAcknowledgedIsThere(
      Role role, Operation operation, Execution execution) throws Exception {
    open(execution, runtime);
    write(0, 1);
    device.blocking().flush();
    bytes.flushed();
    write(1, 2);
    store(role).gate().hold(operation);
    device.enableHydration();
    List<Future<?>> requests = submitEverything();
    while (store(role).gate().waiting().isEmpty()) {
      runtime.step();
    }

    Future<?> closing = close();
    if (role == Role.SOURCE) {
      awaitClosed(Role.SOURCE, closing);
      closing.get(20, TimeUnit.SECONDS);
      // Nobody but the source failed, so everything acknowledged is durable, flushed or not.
      bytes.flushed();
    } else {
      passTimeUntilDone(closing);
      outcome(closing);
    }

    for (Future<?> request : requests) {
      assertThat(outcome(request))
          .satisfiesAnyOf(
              failure -> assertThat(failure).isNull(),
              failure ->
                  assertThat(failure)
                      .isInstanceOfAny(
                          IOException.class,
                          IllegalStateException.class,
                          java.util.concurrent.CompletionException.class));
    }
    stores.forEach(each -> assertThat(each.isClosed()).isTrue());
    assertThat(device.statusNoFlush().hydratingRegions()).isZero();
    bytes.readAfterLoss(readAgain());
  }

  @ParameterizedTest
  @EnumSource(
      value = Role.class,
      names = {"DESTINATION", "METADATA"})
  void closeWhoseOwnCommitHangsReturnsAndTellsThatNotAllIsDurable(Role role) throws Exception {
    for (Operation operation : List.of(Operation.FLUSH, Operation.WRITE)) {
      open(Execution.IO_EXECUTOR, runtime);
      write(2, 1);
      store(role).gate().hold(operation);
      Future<?> closing = close();
      if (role == Role.METADATA || operation == Operation.FLUSH) {
        store(role).gate().awaitWaiting(1);
        passTimeUntilDone(closing);
        assertThatThrownBy(() -> closing.get(20, TimeUnit.SECONDS))
            .cause()
            .isInstanceOf(IOException.class);
      } else {
        closing.get(20, TimeUnit.SECONDS);
      }
      bytes.readAfterLoss(readAgain());
    }
  }

  @Test
  void slowStoresThatGoOnAreNotClosedUnderTheirCalls() throws Exception {
    open(Execution.IO_EXECUTOR, runtime);
    store(Role.DESTINATION).gate().hold(Operation.WRITE);
    List<Future<?>> writes = new ArrayList<>();
    for (int region = 0; region < 8; region++) {
      int offset = region * REGION;
      writes.add(threads.submit(() -> device.write(offset, buffer(REGION)).join()));
    }
    store(Role.DESTINATION).gate().awaitWaiting(writes.size());
    Future<?> closing = close();
    awaitRefusal();
    for (int ended = 0; ended < writes.size(); ended++) {
      store(Role.DESTINATION).gate().releaseOne();
      // Not until its region is hydrated: the request has still to leave then.
      while (writes.stream().filter(Future::isDone).count() == ended) {
        Thread.onSpinWait();
      }
      if (ended < writes.size() - 1) {
        passPatience();
        assertThat(store(Role.SOURCE).isClosed()).isFalse();
      }
    }
    closing.get(20, TimeUnit.SECONDS);
    for (Future<?> write : writes) {
      write.get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void suspendWaitsWithoutLimitUntilTheDeviceIsClosed() throws Exception {
    open(Execution.IO_EXECUTOR, runtime);
    store(Role.SOURCE).gate().hold(Operation.READ);
    Future<?> read = threads.submit(() -> device.read(0, buffer(REGION)).join());
    store(Role.SOURCE).gate().awaitWaiting(1);
    Future<?> suspending =
        threads.submit(
            () -> {
              device.suspend();
              return null;
            });
    while (!device.statusNoFlush().suspended()) {
      Thread.onSpinWait();
    }
    for (int i = 0; i < 10; i++) {
      passPatience();
    }
    assertThat(store(Role.SOURCE).isClosed()).isFalse();
    assertThat(suspending).isNotDone();

    Future<?> closing = close();
    awaitClosed(Role.SOURCE, closing);

    assertThat(outcome(read)).hasCauseInstanceOf(IOException.class);
    assertThat(outcome(suspending)).isNull();
    assertThat(outcome(closing)).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"SOURCE", "DESTINATION", "METADATA"})
  void closeReturnsOnARuntimeWithThreadsAndTimeOfItsOwn(Role role) throws Exception {
    open(Execution.IO_EXECUTOR, null);
    write(0, 1);
    store(role).gate().hold();
    device.enableHydration();
    List<Future<?>> requests = submitEverything();
    store(role).gate().awaitWaiting(1);
    Future<?> closing = close();
    outcome(closing);
    for (Future<?> request : requests) {
      outcome(request);
    }
    bytes.readAfterLoss(readAgain());
  }

  private Future<?> close() {
    return threads.submit(
        () -> {
          device.close();
          return null;
        });
  }

  private void awaitRefusal() {
    while (true) {
      try {
        device.read(0, buffer(0)).join();
      } catch (IllegalStateException e) {
        return;
      }
    }
  }

  private void passPatience() {
    while (runtime.step() > 0) {
      Thread.onSpinWait();
    }
    nowNs.addAndGet(PATIENCE_MS * 1_000_000);
    runtime.step();
  }

  private void passTimeUntilDone(Future<?> closing) throws Exception {
    while (!closing.isDone()) {
      passPatience();
    }
  }

  private void awaitClosed(Role role, Future<?> closing) {
    while (!store(role).isClosed() && !closing.isDone()) {
      passPatience();
    }
  }

  private static Throwable outcome(Future<?> future) throws Exception {
    try {
      future.get(20, TimeUnit.SECONDS);
      return null;
    } catch (ExecutionException e) {
      return e.getCause();
    } catch (TimeoutException e) {
      throw new AssertionError("hangs", e);
    }
  }

  private byte[] readAgain() throws IOException {
    byte[] found = new byte[REGIONS * REGION];
    try (CloneDevice again =
        CloneDevice.builder()
            .source(sourceBytes.asReadOnly())
            .destination(new KeptOpen(destinationBytes))
            .metadata(new KeptOpen(metadataBytes))
            .regionSize(REGION)
            .hydration(Hydration.disabled())
            .open()) {
      again.blocking().read(0, ByteBuffer.wrap(found));
    }
    return found;
  }

  private static final class KeptOpen extends io.clonedevice.store.FilterBlockStore {
    KeptOpen(BlockStore medium) {
      super(medium);
    }

    @Override
    public boolean tryLock() {
      return true;
    }

    @Override
    public void close() {}
  }
}
