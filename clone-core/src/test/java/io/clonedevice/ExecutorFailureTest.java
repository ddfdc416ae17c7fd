package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.GatedBlockStore;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** An executor that has no thread to give fails what it was asked for, and nothing else. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class ExecutorFailureTest {
  private static final int REGION = 4096;
  private static final int SIZE = 8 * REGION;

  private final ExecutorService threads = Executors.newFixedThreadPool(2);
  private final AtomicInteger failuresLeft = new AtomicInteger();
  private CloneRuntime runtime;

  @BeforeEach
  void openRuntime() {
    Executor executor =
        task -> {
          if (failuresLeft.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new OutOfMemoryError("unable to create native thread");
          }
          threads.execute(task);
        };
    runtime = CloneRuntime.builder().ioExecutor(executor).build();
  }

  @AfterEach
  void close() {
    runtime.close();
    threads.shutdown();
  }

  private CloneDevice open(Hydration hydration) throws Exception {
    return CloneDevice.builder()
        .source(new GatedBlockStore(new MemoryBlockStore(SIZE)))
        .destination(new GatedBlockStore(new MemoryBlockStore(SIZE)))
        .metadata(new MemoryBlockStore(MetadataSize.forRegions(8)))
        .regionSize(REGION)
        .hydration(hydration.threshold(1).batchSize(1).retryDelay(1, 1))
        .runtime(runtime)
        .open();
  }

  @Test
  void copyThatFindsNoThreadIsTriedAgain() throws Exception {
    try (CloneDevice device = open(Hydration.disabled())) {
      failuresLeft.set(3);
      device.enableHydration();

      device.hydrated().get(30, TimeUnit.SECONDS);

      assertThat(failuresLeft).hasValue(0);
    }
  }

  @Test
  void requestThatFindsNoThreadFailsAndTheNextOneWorks() throws Exception {
    try (CloneDevice device = open(Hydration.disabled())) {
      failuresLeft.set(1);

      assertThatThrownBy(() -> device.read(0, ByteBuffer.allocate(512)).get(30, TimeUnit.SECONDS))
          .hasCauseInstanceOf(OutOfMemoryError.class);

      device.write(512, ByteBuffer.allocate(512)).get(30, TimeUnit.SECONDS);
      device.suspend();
    }
  }
}
