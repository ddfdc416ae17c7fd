package io.clonedevice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CommitPipelineTest {
  private static final int REGION = 4096;

  private static final EngineEvents NO_EVENTS =
      new EngineEvents() {
        @Override
        public void modeChanged(MetadataMode mode, Throwable cause) {}

        @Override
        public void hydrationCompleted() {}
      };

  private final List<Throwable> outcomes = new ArrayList<>();
  private CloneMetadata metadata;
  private CommitPipeline pipeline;
  private RuntimeException metadataTrouble;
  private int flushes;

  @BeforeEach
  void open() throws IOException {
    metadata =
        CloneMetadata.open(
            new BlockStoreMetadataDevice(
                new FilterBlockStore(new MemoryBlockStore(MetadataSize.forRegions(4))) {
                  @Override
                  public void write(long offset, ByteBuffer source) throws IOException {
                    if (metadataTrouble != null) {
                      throw metadataTrouble;
                    }
                    super.write(offset, source);
                  }
                }),
            new RegionGeometry(4 * REGION, REGION));
    pipeline =
        new CommitPipeline(
            metadata,
            new FilterBlockStore(new MemoryBlockStore(4 * REGION)) {
              @Override
              public void flush() {
                flushes++;
              }
            },
            NO_EVENTS,
            () -> {},
            Waiting.parked());
  }

  /** A store that breaks its contract, or memory that has run out. */
  @Test
  void commitThatFailsWithAnUncheckedExceptionIsAborted() throws IOException {
    IllegalStateException failure = new IllegalStateException("thrown by the test's store");
    metadata.markHydrated(0, 1);
    metadataTrouble = failure;

    pipeline.flush(outcomes::add, Runnable::run);

    assertThat(outcomes).containsExactly(failure);
    assertThat(metadata.mode()).isEqualTo(MetadataMode.READ_ONLY);
    metadataTrouble = null;
    metadata.reopenReadWrite();
    pipeline.flushBlocking(Runnable::run);
    assertThat(metadata.hasUncommittedChanges()).isFalse();
  }

  @AfterEach
  void close() throws IOException {
    metadata.close();
  }

  /** A tick saw changes, was overtaken by the last flush of close, and asks now. */
  @Test
  void flushThatComesAfterTheCloseCallsNoStore() throws IOException {
    metadata.markHydrated(0, 1);
    pipeline.flushBlocking(Runnable::run);
    pipeline.close();
    assertThat(flushes).isEqualTo(1);

    pipeline.flush(outcomes::add, Runnable::run);

    assertThat(flushes).isEqualTo(1);
    assertThat(outcomes).singleElement().isInstanceOf(IllegalStateException.class);
  }

  @Test
  void closeWaitsForARoundThatIsAboutToRun() throws InterruptedException {
    List<Runnable> tasks = new ArrayList<>();
    pipeline.flush(outcomes::add, tasks::add);
    Thread closing = new Thread(pipeline::close, "test-close");
    closing.start();
    while (closing.getState() != Thread.State.WAITING) {
      assertThat(closing.isAlive()).as("close waits").isTrue();
      Thread.onSpinWait();
    }

    tasks.forEach(Runnable::run);
    closing.join();

    assertThat(flushes).isEqualTo(1);
    assertThat(outcomes).containsExactly((Throwable) null);
  }
}
