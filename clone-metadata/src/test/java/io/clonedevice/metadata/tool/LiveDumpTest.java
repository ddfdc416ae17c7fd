package io.clonedevice.metadata.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.RegionMap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A dump of metadata in which regions are marked meanwhile. */
class LiveDumpTest {
  private static final long REGION_SIZE = 4096;

  /** So many that to find the end of a run of them takes longer than to mark one. */
  private static final int RUN = 32_000;

  private static final int RUNS = 200;

  private CloneMetadata metadata;

  @BeforeEach
  void hydrateTheFirstRegionOfEachRun() throws IOException {
    RegionGeometry geometry = new RegionGeometry(RUNS * RUN * REGION_SIZE, REGION_SIZE);
    metadata = CloneMetadata.open(new ImageDevice(1024), geometry);
    for (int run = 0; run < RUNS; run++) {
      metadata.markHydrated((long) run * RUN, 1);
    }
  }

  @AfterEach
  void close() throws IOException {
    metadata.close();
  }

  /** Fails where it can only if two threads run at once. */
  @Test
  void noUnhydratedRegionIsShownWhenTheFirstOneOfItsRunIsMarked() throws Exception {
    List<RegionRange> ranges = new ArrayList<>();
    AtomicLong shown = new AtomicLong(-1);
    FutureTask<Void> marker =
        new FutureTask<>(
            () -> {
              for (long run = 0; run < RUNS; run++) {
                while (shown.get() < run * RUN) {
                  Thread.onSpinWait();
                }
                metadata.markHydrated(run * RUN + 1, 1);
              }
              return null;
            });
    new Thread(marker).start();
    try {
      MetadataDump.of(metadata)
          .forEachRange(
              range -> {
                ranges.add(range);
                shown.set(range.first());
              });
    } finally {
      shown.set(Long.MAX_VALUE);
    }
    marker.get();
    RegionMap map = metadata.regionMap();
    assertThat(ranges)
        .hasSizeGreaterThanOrEqualTo(RUNS)
        .allSatisfy(
            range ->
                assertThat(map.nextUnhydrated(range.first()))
                    .isGreaterThanOrEqualTo(range.first() + range.count()));
  }

  @Test
  void noRangesAreAdjacentWhenTheRegionsBetweenThemAreMarked() throws IOException {
    List<RegionRange> ranges = new ArrayList<>();
    MetadataDump.of(metadata)
        .forEachRange(
            range -> {
              ranges.add(range);
              metadata.markHydrated(range.first() + 1, 1);
            });
    assertThat(ranges).hasSize(RUNS).allMatch(range -> range.count() == 1);
  }
}
