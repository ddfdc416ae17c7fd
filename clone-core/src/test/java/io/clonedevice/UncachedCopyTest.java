package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.SteppedRuntime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What hydration copies does not displace what others have in their caches. */
class UncachedCopyTest {
  private static final int REGION = 4096;

  private final List<String> writes = new ArrayList<>();

  @ParameterizedTest
  @EnumSource(BlockStore.Execution.class)
  @Tag("A26")
  void hydrationWritesUncachedAndARequestDoesNot(BlockStore.Execution execution) throws Exception {
    try (SteppedRuntime runtime = new SteppedRuntime();
        CloneDevice device =
            CloneDevice.builder()
                .source(new Source(execution))
                .destination(new Destination())
                .metadata(new MemoryBlockStore(MetadataSize.forRegions(4)))
                .regionSize(REGION)
                .hydration(Hydration.disabled())
                .runtime(runtime.runtime())
                .open()) {
      CompletableFuture<Void> write = device.write(0, ByteBuffer.allocateDirect(512));
      runtime.settle();
      assertThat(write).isCompleted();
      device.enableHydration();
      runtime.advanceMs(2_000);
      assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
    }
    assertThat(writes).containsExactly("0+4096", "uncached 4096+12288");
  }

  private static final class Source extends FilterBlockStore {
    private final Execution execution;

    Source(Execution execution) {
      super(new MemoryBlockStore(4 * REGION));
      this.execution = execution;
    }

    @Override
    public Execution execution() {
      return execution;
    }
  }

  private final class Destination extends FilterBlockStore {
    Destination() {
      super(new MemoryBlockStore(4 * REGION));
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
      writes.add(offset + "+" + source.remaining());
      super.write(offset, source);
    }

    @Override
    public void writeUncached(long offset, ByteBuffer source) throws IOException {
      writes.add("uncached " + offset + "+" + source.remaining());
      delegate().writeUncached(offset, source);
    }
  }
}
