package io.clonedevice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.engine.Claim.Purpose;
import io.clonedevice.engine.ClaimTable.Attempt;
import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ClaimTableTest {
  private static final int REGION = 4096;

  private CloneMetadata metadata;
  private ClaimTable claims;

  @BeforeEach
  void open() throws IOException {
    metadata =
        CloneMetadata.open(
            new BlockStoreMetadataDevice(new MemoryBlockStore(MetadataSize.forRegions(4))),
            new RegionGeometry(4 * REGION, REGION));
    claims = new ClaimTable(metadata.regionMap(), 4, Waiting.parked());
  }

  @AfterEach
  void close() throws IOException {
    metadata.close();
  }

  /** The search runs without the lock; its end is the moment when a write may mark the region. */
  @Test
  void regionThatIsMarkedDuringTheSearchIsNotClaimedForABackgroundCopy() {
    Claim claim = claims.claimForBackgroundCopy(0, choice(1, () -> mark(0)));

    assertThat(claim.firstRegion()).isEqualTo(1);
  }

  /** A request looks before it attempts; a copy may have marked the region and ended since. */
  @Test
  void regionThatIsHydratedByNowIsNotClaimedForARequest() {
    mark(0);

    assertThat(attempt(0, 2)).isInstanceOf(Attempt.Hydrated.class);
  }

  @Test
  void claimForABackgroundCopyEndsWhereARequestHasClaimed() {
    assertThat(attempt(1, 4)).isInstanceOf(Attempt.Taken.class);

    assertThat(claims.claimForBackgroundCopy(0, choice(4, () -> {})).endRegion()).isEqualTo(1);
  }

  private Attempt attempt(long firstRegion, long endRegion) {
    return claims.attempt(
        firstRegion,
        endRegion,
        Purpose.OVERWRITE,
        end -> {
          throw new AssertionError("nothing to wait for");
        });
  }

  /**
   * @param found run when the search has found region 0
   */
  private static BackgroundChoice choice(long regionCountMax, Runnable found) {
    return new BackgroundChoice() {
      @Override
      public long firstAllowedFrom(long region) {
        if (region == 0) {
          found.run();
        }
        return region;
      }

      @Override
      public long regionCountMax(long region) {
        return regionCountMax;
      }
    };
  }

  private void mark(long region) {
    try {
      metadata.markHydrated(region, 1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
