package io.clonedevice.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.tool.MetadataCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Marks by several threads while commits run. */
@Timeout(60)
class ConcurrentMarksTest {
  private static final int REGIONS = 200_000;
  private static final int MARKERS = 3;
  private static final RegionGeometry GEOMETRY = new RegionGeometry(REGIONS * 4096L, 4096);

  @Test
  @Tag("A64")
  void noMarkIsLostInTheSwapOfTheDirtyWords() throws Exception {
    Random seeds = TestSeed.random();
    MemoryMetadataDevice device = new MemoryMetadataDevice(256);
    ExecutorService threads = Executors.newFixedThreadPool(MARKERS);
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      CyclicBarrier start = new CyclicBarrier(MARKERS + 1);
      AtomicInteger running = new AtomicInteger(MARKERS);
      List<Future<?>> markers = new ArrayList<>();
      for (int marker = 0; marker < MARKERS; marker++) {
        int residue = marker;
        Random random = new Random(seeds.nextLong());
        markers.add(
            threads.submit(
                () -> {
                  start.await();
                  // Interleaved by residue, so that threads share almost every word.
                  for (int i = 0; i < 60_000; i++) {
                    long region = (long) random.nextInt(REGIONS / MARKERS) * MARKERS + residue;
                    metadata.markHydrated(region, 1);
                    assertThat(metadata.regionMap().isHydrated(region)).isTrue();
                  }
                  running.decrementAndGet();
                  return null;
                }));
      }
      start.await();
      int commits = 0;
      while (running.get() > 0) {
        metadata.finishCommit(metadata.beginCommit());
        commits++;
      }
      for (Future<?> marker : markers) {
        marker.get();
      }
      metadata.finishCommit(metadata.beginCommit());

      assertThat(commits).isPositive();
      assertThat(metadata.hasUncommittedChanges()).isFalse();
      assertThat(MetadataCheck.of(device.copy()).faults()).isEmpty();
      List<List<Long>> inMemory = Ranges.of(metadata);
      assertThat(inMemory.stream().mapToLong(range -> range.get(1)).sum())
          .isEqualTo(metadata.regionMap().hydratedCount())
          .isEqualTo(metadata.committedHydratedCount());
      try (CloneMetadata reopened = CloneMetadata.openReadOnly(device.copy())) {
        assertThat(Ranges.of(reopened)).isEqualTo(inMemory);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void runIsNeverEmptyWhileItsFirstRegionIsBeingMarked() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(1);
    try (CloneMetadata metadata = CloneMetadata.open(new MemoryMetadataDevice(256), GEOMETRY)) {
      CyclicBarrier start = new CyclicBarrier(2);
      Future<?> marker =
          threads.submit(
              () -> {
                start.await();
                for (long region = 0; region < REGIONS; region++) {
                  metadata.markHydrated(region, 1);
                }
                return null;
              });
      start.await();
      RegionMap map = metadata.regionMap();
      for (long region = 0; region < REGIONS; region = map.nextUnhydrated(region)) {
        assertThat(map.endOfRun(region, REGIONS)).isGreaterThan(region);
      }
      marker.get();
    } finally {
      threads.shutdownNow();
    }
  }
}
