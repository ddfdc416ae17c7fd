package io.clonedevice.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.persistent.MetadataLayout;
import io.clonedevice.metadata.tool.MetadataCheck;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Power cuts: at every write and flush, with any subset of the blocks written since the last flush.
 */
@Tag("A65")
class MetadataCrashTest {
  private static final int REGIONS = 70_000;
  private static final RegionGeometry GEOMETRY = new RegionGeometry(REGIONS * 4096L, 4096);
  private static final int SUBSETS = 8;

  @Test
  @Tag("A25")
  void everyCutOfACommitOpensToTheOldOrTheNewState() throws IOException {
    Random random = TestSeed.random();
    MemoryMetadataDevice device =
        new MemoryMetadataDevice(MetadataLayout.blocksToFormat(REGIONS) + 2);
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      List<List<Long>> state = Ranges.of(metadata);
      for (int i = 0; i < 40; i++) {
        int first = random.nextInt(REGIONS);
        metadata.markHydrated(first, 1 + random.nextInt(Math.min(40_000, REGIONS - first)));
        List<List<Long>> next = Ranges.of(metadata);
        MemoryMetadataDevice before = device.copy();
        List<MemoryMetadataDevice.Operation> operations = device.record();
        metadata.finishCommit(metadata.beginCommit());
        boolean sawNew = false;
        for (MemoryMetadataDevice image : crashImages(before, operations, random)) {
          List<List<Long>> found = open(image);
          assertThat(found).isIn(state, next);
          sawNew |= found.equals(next);
        }
        assertThat(sawNew).isTrue();
        assertThat(open(device.copy())).isEqualTo(next);
        state = next;
      }
    }
  }

  @Test
  void everyCutOfAFormatIsBlankOrFormatted() throws IOException {
    Random random = TestSeed.random();
    MemoryMetadataDevice device = new MemoryMetadataDevice(64);
    MemoryMetadataDevice before = device.copy();
    List<MemoryMetadataDevice.Operation> operations = device.record();
    CloneMetadata.open(device, GEOMETRY).close();

    for (MemoryMetadataDevice image : crashImages(before, operations, random)) {
      try (CloneMetadata metadata = CloneMetadata.open(image, GEOMETRY)) {
        assertThat(Ranges.of(metadata)).isEmpty();
      }
    }
  }

  private static List<List<Long>> open(MemoryMetadataDevice image) throws IOException {
    assertThat(MetadataCheck.of(image).faults()).isEmpty();
    try (CloneMetadata metadata = CloneMetadata.open(image, GEOMETRY)) {
      return Ranges.of(metadata);
    }
  }

  private static List<MemoryMetadataDevice> crashImages(
      MemoryMetadataDevice before, List<MemoryMetadataDevice.Operation> operations, Random random) {
    List<MemoryMetadataDevice> images = new ArrayList<>();
    MemoryMetadataDevice flushed = before.copy();
    List<MemoryMetadataDevice.Operation> unflushed = new ArrayList<>();
    images.add(flushed.copy());
    for (MemoryMetadataDevice.Operation operation : operations) {
      if (operation.isFlush()) {
        unflushed.forEach(flushed::apply);
        unflushed.clear();
      } else {
        long block = operation.firstBlock();
        for (byte[] bytes : operation.blocks()) {
          unflushed.add(new MemoryMetadataDevice.Operation(block++, List.of(bytes)));
        }
      }
      MemoryMetadataDevice all = flushed.copy();
      unflushed.forEach(all::apply);
      images.add(all);
      for (int i = 0; i < SUBSETS && !unflushed.isEmpty(); i++) {
        MemoryMetadataDevice some = flushed.copy();
        unflushed.stream().filter(o -> random.nextBoolean()).forEach(some::apply);
        images.add(some);
      }
    }
    return images;
  }
}
