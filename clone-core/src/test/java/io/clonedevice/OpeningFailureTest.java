package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every step of opening fails in turn; nothing stays open. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class OpeningFailureTest {
  private static final int REGION = 4096;
  private static final int SIZE = 16 * REGION;
  private static final int CALLS_MAX = 500;

  private final MemoryBlockStore source = new MemoryBlockStore(SIZE);
  private final MemoryBlockStore destination = new MemoryBlockStore(SIZE);
  private final AtomicInteger calls = new AtomicInteger();
  private List<Fragile> stores = new ArrayList<>();

  /** The n-th call of any of the stores fails. */
  private CloneDeviceBuilder builder(int failing, boolean unchecked, MemoryBlockStore metadata) {
    calls.set(0);
    stores =
        List.of(
            new Fragile(source, failing, unchecked),
            new Fragile(destination, failing, unchecked),
            new Fragile(metadata, failing, unchecked));
    return CloneDevice.builder()
        .source(stores.get(0))
        .destination(stores.get(1))
        .metadata(stores.get(2))
        .regionSize(REGION)
        .hydration(Hydration.background());
  }

  private void assertAllClosed() {
    for (Fragile store : stores) {
      assertThat(store.closes).as("closes of %s", store).hasPositiveValue();
    }
  }

  @ParameterizedTest
  @Tag("B12")
  @ValueSource(booleans = {true, false})
  void everyCallOfAStoreFailsInTurnWhileABlankDeviceIsOpened(boolean unchecked) throws Exception {
    failEachCall(unchecked, false);
  }

  @ParameterizedTest
  @Tag("B12")
  @ValueSource(booleans = {true, false})
  void everyCallOfAStoreFailsInTurnWhileACloneIsOpenedAgain(boolean unchecked) throws Exception {
    failEachCall(unchecked, true);
  }

  private void failEachCall(boolean unchecked, boolean formatted) throws Exception {
    Leaks leaks = new Leaks(null);
    for (int failing = 0; ; failing++) {
      assertThat(failing).isLessThan(CALLS_MAX);
      MemoryBlockStore metadata = new MemoryBlockStore(1 << 20);
      if (formatted) {
        try (CloneDevice device = builder(-1, false, metadata).open()) {
          device.blocking().write(0, ByteBuffer.allocate(REGION));
        }
        metadata = MemoryBlockStore.copyOf(metadata.contents());
      }
      CloneDevice device;
      try {
        device = builder(failing, unchecked, metadata).suspended().open();
      } catch (IOException | IllegalStateException e) {
        assertThat(e).hasStackTraceContaining("injected into call " + failing);
        assertAllClosed();
        leaks.assertNone();
        continue;
      }
      // Hydration in the background may have met the fault; opening has not.
      boolean met = calls.get() > failing;
      try {
        device.close();
      } catch (IOException | IllegalStateException e) {
        assertThat(e).hasStackTraceContaining("injected into call");
      }
      assertAllClosed();
      leaks.assertNone();
      if (!met) {
        assertThat(failing).as("calls of opening").isGreaterThan(20);
        return;
      }
    }
  }

  private final class Fragile extends FilterBlockStore {
    private final int failing;
    private final boolean unchecked;
    private final AtomicInteger closes = new AtomicInteger();

    Fragile(MemoryBlockStore delegate, int failing, boolean unchecked) {
      super(delegate);
      this.failing = failing;
      this.unchecked = unchecked;
    }

    private void step() throws IOException {
      int call = calls.getAndIncrement();
      if (call == failing) {
        if (unchecked) {
          throw new IllegalStateException("injected into call " + call);
        }
        throw new IOException("injected into call " + call);
      }
    }

    private void quietStep() {
      int call = calls.getAndIncrement();
      if (call == failing) {
        throw new IllegalStateException("injected into call " + call);
      }
    }

    @Override
    public Object identity() {
      quietStep();
      return super.identity();
    }

    @Override
    public long size() {
      quietStep();
      return super.size();
    }

    @Override
    public int logicalBlockSize() {
      quietStep();
      return super.logicalBlockSize();
    }

    @Override
    public boolean isReadOnly() {
      quietStep();
      return super.isReadOnly();
    }

    @Override
    public Execution execution() {
      quietStep();
      return super.execution();
    }

    @Override
    public DiscardSupport discardSupport() {
      quietStep();
      return super.discardSupport();
    }

    @Override
    public boolean tryLock() throws IOException {
      step();
      return super.tryLock();
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
      step();
      super.read(offset, target);
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
      step();
      super.write(offset, source);
    }

    @Override
    public void flush() throws IOException {
      step();
      super.flush();
    }

    @Override
    public void close() {
      closes.incrementAndGet();
    }
  }

  @Test
  @Tag("B12")
  void aClosedRuntimeIsRefused() throws Exception {
    Leaks leaks = new Leaks(null);
    CloneRuntime runtime = CloneRuntime.create();
    runtime.close();
    assertThatThrownBy(
            () -> builder(-1, false, new MemoryBlockStore(1 << 20)).runtime(runtime).open())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("runtime is closed");
    assertAllClosed();
    leaks.assertNone();
  }

  @Test
  @Tag("B12")
  void aDeviceThatFailedToOpenDoesNotKeepItsRuntimeOpen() throws Exception {
    Leaks leaks = new Leaks(null);
    CloneRuntime runtime = CloneRuntime.create();
    int opened = 0;
    for (int failing = 0; failing < 40; failing++) {
      CloneDeviceBuilder builder =
          builder(failing, false, new MemoryBlockStore(1 << 20)).runtime(runtime).suspended();
      try (CloneDevice device = builder.open()) {
        opened++;
        assertThat(device.status().suspended()).isTrue();
      } catch (IOException | IllegalStateException e) {
        assertThat(e).hasStackTraceContaining("injected");
      }
    }
    assertThat(opened).as("of 40, opened").isLessThan(20);
    runtime.close();
    leaks.assertNone();
  }

  @Test
  @Tag("B12")
  void anExecutorThatRejectsEverythingLosesNothing() throws Exception {
    Leaks leaks = new Leaks(null);
    EventLog log = new EventLog();
    try (CloneRuntime runtime =
        CloneRuntime.builder()
            .ioExecutor(
                task -> {
                  throw new RejectedExecutionException("thrown by the test's executor");
                })
            .build()) {
      CloneDevice device =
          builder(-1, false, new MemoryBlockStore(1 << 20))
              .hydration(Hydration.background().failuresInRowMax(2).retryDelay(1, 1))
              .listener(log)
              .runtime(runtime)
              .open();
      log.await("stopped");
      assertThat(log.lastCause()).isInstanceOf(RejectedExecutionException.class);
      device.blocking().write(0, ByteBuffer.allocate(512));
      device.flush().get();
      device.close();
      assertAllClosed();
    }
    leaks.assertNone();
  }

  @Test
  @Tag("B12")
  void anExecutorThatIsBrokenFailsNeitherTheOpeningNorTheClosingAndNothingStays() throws Exception {
    Leaks leaks = new Leaks(null);
    int good = 0;
    while (openAndCloseMeetABrokenExecutor(good)) {
      good++;
    }
    assertThat(good).as("tasks of opening and closing").isPositive();
    leaks.assertNone();
  }

  private boolean openAndCloseMeetABrokenExecutor(int goodTasks) throws Exception {
    AtomicInteger left = new AtomicInteger(goodTasks);
    try (CloneRuntime runtime =
        CloneRuntime.builder()
            .steppedByCaller()
            .ioExecutor(
                task -> {
                  if (left.getAndDecrement() <= 0) {
                    throw new IllegalStateException("thrown by the test's executor");
                  }
                  task.run();
                })
            .build()) {
      builder(-1, false, new MemoryBlockStore(1 << 20))
          .runtime(runtime)
          .listener(new EventLog())
          .suspended()
          .open()
          .close();
      assertAllClosed();
      runtime.step();
      assertThat(runtime.step()).isZero();
    }
    return left.get() < 0;
  }
}
