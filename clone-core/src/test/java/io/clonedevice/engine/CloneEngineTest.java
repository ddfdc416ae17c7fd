package io.clonedevice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class SuspendedEngineTest {
  private static final int REGION = 4096;

  private static final BackgroundChoice ANY =
      new BackgroundChoice() {
        @Override
        public long firstAllowedFrom(long region) {
          return region;
        }

        @Override
        public long regionCountMax(long region) {
          return 1;
        }
      };

  /** The hydrator may have looked whether the device is suspended just before it was. */
  @Test
  void noClaimForABackgroundCopyIsGivenOutFromSuspendToResume() throws IOException {
    try (CloneMetadata metadata =
        CloneMetadata.open(
            new BlockStoreMetadataDevice(new MemoryBlockStore(MetadataSize.forRegions(4))),
            new RegionGeometry(4 * REGION, REGION))) {
      CloneEngine engine = newEngine(metadata);
      engine.start(new IgnoredSignals(), false);

      engine.suspend();
      assertThat(engine.claimForBackgroundCopy(0, ANY)).isNull();

      engine.resume();
      assertThat(engine.claimForBackgroundCopy(0, ANY)).isNotNull();
    }
  }

  private static CloneEngine newEngine(CloneMetadata metadata) {
    return new CloneEngine(
        new MemoryBlockStore(4 * REGION),
        new MemoryBlockStore(4 * REGION),
        metadata,
        Runnable::run,
        Runnable::run,
        Waiting.parked(),
        new CloneEngine.Options(false, false),
        new EngineEvents() {
          @Override
          public void modeChanged(MetadataMode mode, Throwable cause) {}

          @Override
          public void hydrationCompleted() {}
        });
  }

  private static final class IgnoredSignals implements HydrationSignals {
    @Override
    public void work() {}

    @Override
    public void changed() {}

    @Override
    public void unhydratedRead(long firstRegion, long count) {}

    @Override
    public void wantedSoon(long firstRegion, long count) {}
  }
}
