package io.clonedevice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;

class ClaimTableTest {
  private static final int REGION = 4096;

  /** The search runs without the lock; its end is the moment when a write may mark the region. */
  @Test
  void regionThatIsMarkedDuringTheSearchIsNotClaimedForABackgroundCopy() throws IOException {
    try (CloneMetadata metadata =
        CloneMetadata.open(
            new BlockStoreMetadataDevice(new MemoryBlockStore(MetadataSize.forRegions(4))),
            new RegionGeometry(4 * REGION, REGION))) {
      ClaimTable claims = new ClaimTable(metadata.regionMap(), 4, Waiting.parked());
      BackgroundChoice marksTheFirst =
          new BackgroundChoice() {
            @Override
            public long firstAllowedFrom(long region) {
              if (region == 0) {
                mark(metadata, region);
              }
              return region;
            }

            @Override
            public long regionCountMax(long region) {
              return 1;
            }
          };

      Claim claim = claims.claimForBackgroundCopy(0, marksTheFirst);

      assertThat(claim.firstRegion()).isEqualTo(1);
    }
  }

  private static void mark(CloneMetadata metadata, long region) {
    try {
      metadata.markHydrated(region, 1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
