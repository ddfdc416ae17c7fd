package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.IoCompletion;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.SteppedRuntime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The buffers of copies are used again. */
class CopyBufferTest {
  private static final int REGION = 4096;

  /** More than the pool of buffers keeps. */
  private static final int COPIES = 400;

  private static final int KEPT_MAX = 256;

  private final Set<ByteBuffer> buffers = Collections.newSetFromMap(new IdentityHashMap<>());

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void eachCopyGivesItsBufferBackWhetherItFailsOrNot(boolean fails) throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device =
            CloneDevice.builder()
                .source(new Source(fails))
                .destination(new MemoryBlockStore(COPIES * REGION))
                .metadata(new MemoryBlockStore(MetadataSize.forRegions(COPIES)))
                .regionSize(REGION)
                .hydration(Hydration.disabled())
                .runtime(runtime.runtime())
                .open()) {
      for (int region = 0; region < COPIES; region++) {
        CompletableFuture<Void> write = device.write(region * REGION, ByteBuffer.allocate(512));
        runtime.settle();
        assertThat(write.isCompletedExceptionally()).isEqualTo(fails);
      }
    }
    assertThat(buffers).hasSizeBetween(1, KEPT_MAX);
  }

  /** Keeps the buffers it is asked to fill, so that none is taken for another one. */
  private final class Source extends FilterBlockStore {
    private final boolean fails;

    Source(boolean fails) {
      super(new MemoryBlockStore(COPIES * REGION));
      this.fails = fails;
    }

    @Override
    public Execution execution() {
      return Execution.ASYNCHRONOUS;
    }

    @Override
    public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
      buffers.add(target);
      if (fails) {
        completion.completed(new IOException("the source fails, says the test"));
      } else {
        super.readAsync(offset, target, completion);
      }
    }
  }
}
