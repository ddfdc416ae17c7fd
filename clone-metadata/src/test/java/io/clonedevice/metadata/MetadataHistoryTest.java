package io.clonedevice.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.metadata.persistent.MetadataLayout;
import io.clonedevice.metadata.tool.MetadataCheck;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random histories of marks, commits, failures and reopenings, against a BitSet. */
class MetadataHistoryTest {
  @TempDir Path folder;

  @Test
  void everyCommitOfARandomHistoryIsSound() throws IOException {
    Random random = TestSeed.random();
    for (int round = 0; round < 30; round++) {
      runHistory(random, 60, device -> assertThat(MetadataCheck.of(device).faults()).isEmpty());
    }
  }

  @Test
  void everyCommitOfARandomHistoryPassesTheIndependentChecker() throws IOException {
    String checker = System.getProperty("clone.checker");
    assumeTrue(checker != null, "skipped: -Dclone.checker=clone_meta.py names no checker script");
    Random random = TestSeed.random();
    for (int round = 0; round < 6; round++) {
      runHistory(random, 25, device -> check(checker, device));
    }
  }

  private void check(String checker, MemoryMetadataDevice device) throws IOException {
    Path image = Files.write(folder.resolve("metadata.img"), device.image());
    Process process =
        new ProcessBuilder("python3", checker, "check", image.toString(), "--strict-notes")
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      assertThat(process.waitFor()).as(output).isZero();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  @FunctionalInterface
  private interface DeviceCheck {
    void check(MemoryMetadataDevice device) throws IOException;
  }

  private static void runHistory(Random random, int steps, DeviceCheck check) throws IOException {
    RegionGeometry geometry = randomGeometry(random);
    int regions = (int) geometry.regionCount();
    MemoryMetadataDevice device = new MemoryMetadataDevice(randomSize(random, regions));
    BitSet marked = new BitSet();
    BitSet committed = new BitSet();
    CloneMetadata metadata = CloneMetadata.open(device, geometry);
    check.check(device);
    for (int step = 0; step < steps; step++) {
      String at = geometry + ", " + device.blockCount() + " metadata blocks, step " + step;
      int kind = random.nextInt(10);
      if (kind < 6) {
        mark(metadata, marked, random, regions);
      } else if (kind < 9) {
        CloneMetadata.Commit commit = metadata.beginCommit();
        BitSet frozen = (BitSet) marked.clone();
        for (int i = random.nextInt(3); i > 0; i--) {
          mark(metadata, marked, random, regions);
        }
        metadata.finishCommit(commit);
        committed = frozen;
        check.check(device);
        assertThat(onDevice(device, regions)).as(at).isEqualTo(committed);
        assertThat(metadata.committedHydratedCount()).as(at).isEqualTo(committed.cardinality());
      } else {
        metadata.close();
        device.closed = false;
        metadata = CloneMetadata.open(device, geometry);
        marked = (BitSet) committed.clone();
      }
      assertThat(inMemory(metadata, regions)).as(at).isEqualTo(marked);
      assertThat(metadata.regionMap().hydratedCount()).as(at).isEqualTo(marked.cardinality());
      assertThat(metadata.hasUncommittedChanges()).as(at).isEqualTo(!marked.equals(committed));
    }
    metadata.close();
  }

  private static void mark(CloneMetadata metadata, BitSet marked, Random random, int regions)
      throws IOException {
    int first = random.nextInt(regions);
    int most = random.nextInt(4) == 0 ? regions - first : Math.min(100, regions - first);
    int count = 1 + random.nextInt(most);
    metadata.markHydrated(first, count);
    marked.set(first, first + count);
  }

  private static BitSet onDevice(MemoryMetadataDevice device, int regions) throws IOException {
    try (CloneMetadata metadata = CloneMetadata.openReadOnly(device.copy())) {
      return inMemory(metadata, regions);
    }
  }

  private static BitSet inMemory(CloneMetadata metadata, int regions) {
    RegionMap map = metadata.regionMap();
    BitSet bits = new BitSet();
    for (long first = 0; first < regions; ) {
      long end = map.endOfRun(first, regions);
      if (map.isHydrated(first)) {
        bits.set((int) first, (int) end);
      }
      first = end;
    }
    return bits;
  }

  private static RegionGeometry randomGeometry(Random random) {
    long regionSize = 4096L << random.nextInt(5);
    int[] rims = {1, 63, 64, 65, 32575, 32576, 32577, 65152, 100001};
    long regions =
        random.nextBoolean() ? rims[random.nextInt(rims.length)] : 1 + random.nextInt(200_000);
    return new RegionGeometry(regions * regionSize - 512L * random.nextInt(8), regionSize);
  }

  /** Just enough, so that allocation wraps; more; or several bitmaps. */
  private static long randomSize(Random random, int regions) {
    long least = MetadataLayout.blocksToFormat(regions);
    return switch (random.nextInt(4)) {
      case 0 -> least;
      case 1 -> least + random.nextInt(5);
      case 2 -> 16318 + random.nextInt(5);
      default -> 256 + random.nextInt(1000);
    };
  }
}
