package io.clonedevice.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStore.Execution;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.IoCompletion;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.GatedBlockStore;
import io.clonedevice.testing.SteppedRuntime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** Stores, users and clocks that break their promises harm what they were asked for only. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class MisbehaviourTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 8;

  private final SteppedRuntime runtime = new SteppedRuntime();
  private final GatedBlockStore destination =
      new GatedBlockStore(new MemoryBlockStore(REGIONS * REGION), Execution.ASYNCHRONOUS);
  private BlockStore source = new MemoryBlockStore(REGIONS * REGION);
  private CloneDevice device;

  @BeforeEach
  void startWithAnOpenGate() {
    destination.open();
  }

  @AfterEach
  void close() throws IOException {
    destination.open();
    runtime.settle();
    device.close();
    runtime.settle();
    assertThat(device.statusNoFlush().hydratingRegions()).isZero();
    runtime.close();
  }

  private void open(BlockStore onDestination) throws IOException {
    device =
        CloneDevice.builder()
            .source(source)
            .destination(onDestination)
            .metadata(new MemoryBlockStore(MetadataSize.forRegions(REGIONS)))
            .regionSize(REGION)
            .runtime(runtime.runtime())
            .hydration(Hydration.disabled().threshold(1).batchSize(1).timeShareMin(100))
            .open();
  }

  @Test
  void outcomeThatIsToldTwiceEndsOnePartOfARequestAndNotTwo() throws Exception {
    source =
        new AsynchronousStore(source) {
          @Override
          public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
            super.readAsync(
                offset,
                target,
                failure -> {
                  completion.completed(failure);
                  completion.completed(failure);
                });
          }
        };
    open(destination);
    runtime.await(device.write(0, ByteBuffer.allocate(REGION)));
    destination.hold(Operation.READ);
    CompletableFuture<Void> read = device.read(0, ByteBuffer.allocate(2 * REGION));
    runtime.settle();

    assertThat(read).as("half of it is at the gate").isNotDone();
    destination.open();
    runtime.await(read);
  }

  @Test
  void exceptionThatIsThrownAfterTheOutcomeWasToldChangesNothing() throws Exception {
    source =
        new AsynchronousStore(source) {
          @Override
          public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
            super.readAsync(offset, target, completion);
            throw new IllegalStateException("thrown by the test's store");
          }
        };
    open(destination);
    runtime.await(device.write(512, ByteBuffer.allocate(512)));
    runtime.await(device.read(0, ByteBuffer.allocate(2 * REGION)));
    runtime.await(device.flush());
  }

  @Test
  void discardSupportThatCannotBeAskedAnyMoreHoldsNoClaim() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    open(
        new FilterBlockStore(destination) {
          @Override
          public DiscardSupport discardSupport() {
            if (asked.getAndIncrement() > 0) {
              throw new IllegalStateException("thrown by the test's store");
            }
            return super.discardSupport();
          }
        });
    runtime.await(device.discard(0, 2 * REGION));
    runtime.await(device.write(512, ByteBuffer.allocate(512)));
    runtime.await(device.discard(0, REGION));
  }

  @Test
  void clockThatFailsForAWhileLosesNoCopy() throws Exception {
    open(destination);
    AtomicInteger failures = new AtomicInteger();
    destination.hold(Operation.WRITE);
    device.enableHydration();
    runtime.settle();
    runtime.onClock(
        () -> {
          failures.incrementAndGet();
          throw new IllegalStateException("thrown by the test's clock");
        });
    destination.releaseOne(); // its end is timed
    assertThat(failures).hasPositiveValue();
    runtime.onClock(() -> {});
    destination.open();
    runtime.advanceMs(1);

    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
  }

  /** A store whose asynchronous calls are the ones that are made. */
  private static class AsynchronousStore extends FilterBlockStore {
    AsynchronousStore(BlockStore delegate) {
      super(delegate);
    }

    @Override
    public Execution execution() {
      return Execution.ASYNCHRONOUS;
    }
  }
}
