package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.hydration.HydratorAgent;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.GatedBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CloneRuntimeTest {
  private static final int SIZE = 1 << 20;
  private static final int DEVICES = 300;

  private static CloneDeviceBuilder device(CloneRuntime runtime) {
    return CloneDevice.builder()
        .source(new MemoryBlockStore(SIZE))
        .destination(new MemoryBlockStore(SIZE))
        .metadata(new MemoryBlockStore(MetadataSize.forRegions(16)))
        .runtime(runtime);
  }

  @Test
  void manyDevicesShareFewThreads() throws Exception {
    try (CloneRuntime runtime = CloneRuntime.builder().ioThreads(2).copyThreads(2).build()) {
      List<CloneDevice> devices = new ArrayList<>();
      for (int i = 0; i < DEVICES; i++) {
        devices.add(device(runtime).open());
      }
      for (CloneDevice device : devices) {
        device.hydrated().get(30, TimeUnit.SECONDS);
      }
      // The threads for events are as many as devices that tell something at the same time.
      assertThat(threads("clone-io-")).isLessThanOrEqualTo(2);
      assertThat(threads("clone-copy-")).isLessThanOrEqualTo(2);
      assertThat(threads("clone-hydrator")).isEqualTo(1);
      for (CloneDevice device : devices) {
        device.close();
      }
    }
  }

  @Test
  void requestsDoNotWaitBehindBackgroundCopies() throws Exception {
    GatedBlockStore source = new GatedBlockStore(new MemoryBlockStore(SIZE));
    source.hold(Operation.COPY);
    try (CloneRuntime runtime = CloneRuntime.builder().ioThreads(1).copyThreads(1).build();
        CloneDevice device =
            CloneDevice.builder()
                .source(source)
                .destination(new MemoryBlockStore(SIZE))
                .metadata(new MemoryBlockStore(MetadataSize.forRegions(256)))
                .regionSize(4096)
                .hydration(Hydration.background().threshold(8).batchSize(1))
                .runtime(runtime)
                .open()) {
      source.awaitWaiting(1);
      try {
        device.read(SIZE - 4096, ByteBuffer.allocate(4096)).get(30, TimeUnit.SECONDS);
        assertThat(device.statusNoFlush().hydratedRegions()).isZero();
      } finally {
        source.open();
      }
    }
  }

  @Test
  void hydratorOutlivesAnInterrupt() throws Exception {
    try (CloneRuntime runtime = CloneRuntime.builder().ioThreads(1).copyThreads(1).build()) {
      Thread hydrator = onlyThread("clone-hydrator");
      while (!(LockSupport.getBlocker(hydrator) instanceof HydratorAgent)) {
        Thread.onSpinWait();
      }
      hydrator.interrupt();
      while (hydrator.isAlive() && hydrator.isInterrupted()) {
        Thread.onSpinWait();
      }
      try (CloneDevice device = device(runtime).open()) {
        device.hydrated().get(30, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void isNotClosedUnderADevice() throws IOException {
    CloneRuntime runtime = CloneRuntime.create();
    CloneDevice device = device(runtime).open();
    assertThatIllegalStateException()
        .isThrownBy(runtime::close)
        .withMessage("1 devices of this runtime are open; close them first");
    device.close();
    runtime.close();
    runtime.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> device(runtime).open())
        .withMessageContaining("the runtime is closed");
  }

  @Test
  void onlyASteppedRuntimeIsStepped() {
    try (CloneRuntime runtime = CloneRuntime.create()) {
      assertThatIllegalStateException().isThrownBy(runtime::step);
    }
  }

  @Test
  void needsThreads() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CloneRuntime.builder().ioThreads(0))
        .withMessage("I/O threads are 0; choose at least 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CloneRuntime.builder().copyThreads(-1))
        .withMessage("copy threads are -1; choose at least 1");
  }

  private static Thread onlyThread(String namePrefix) {
    List<Thread> found = all(namePrefix).toList();
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  private static long threads(String namePrefix) {
    return all(namePrefix).count();
  }

  private static Stream<Thread> all(String namePrefix) {
    Thread[] all = new Thread[Thread.activeCount() + 100];
    int count = Thread.enumerate(all);
    return Stream.of(all).limit(count).filter(thread -> thread.getName().startsWith(namePrefix));
  }
}
