package io.clonedevice.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.tool.MetadataCheck;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The largest clone there is: 2^31 regions, 65923 array blocks, five bitmaps in use. */
class LargeMetadataTest {
  private static final long REGIONS = RegionGeometry.MAX_REGION_COUNT;
  private static final RegionGeometry GEOMETRY = new RegionGeometry(REGIONS * 4096, 4096);

  private static SparseMetadataDevice formatted;

  @BeforeAll
  static void format() throws IOException {
    formatted =
        new SparseMetadataDevice(MetadataSize.forRegions(REGIONS) / MetadataDevice.BLOCK_SIZE);
    CloneMetadata.open(formatted, GEOMETRY).close();
  }

  @AfterAll
  static void forget() {
    formatted = null;
  }

  @Test
  void commitWithOneDirtyRegionWritesTenBlocksAtMost() throws IOException {
    Random random = TestSeed.random();
    SparseMetadataDevice device = formatted.copy();
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      long most = 0;
      for (int i = 0; i < 2000; i++) {
        long before = device.blocksWritten;
        long flushesBefore = device.flushes;
        metadata.markHydrated(i == 0 ? REGIONS - 1 : (random.nextLong() >>> 1) % REGIONS, 1);
        metadata.finishCommit(metadata.beginCommit());
        most = Math.max(most, device.blocksWritten - before);
        assertThat(device.flushes - flushesBefore).isLessThanOrEqualTo(2);
      }
      assertThat(most).isBetween(5L, 10L);
    }
    assertThat(MetadataCheck.of(device).faults()).isEmpty();
  }

  @Test
  @Tag("B8")
  void hydratedCountIsExactWhenAllRegionsAre() throws IOException {
    SparseMetadataDevice device = formatted.copy();
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(0, REGIONS);
      assertThat(metadata.regionMap().hydratedCount()).isEqualTo(1L << 31);
      assertThat(metadata.regionMap().nextUnhydrated(0)).isEqualTo(1L << 31);
      assertThat(metadata.isHydrationCommitted()).isFalse();

      metadata.finishCommit(metadata.beginCommit());

      assertThat(metadata.committedHydratedCount()).isEqualTo(1L << 31);
      assertThat(metadata.isHydrationCommitted()).isTrue();
    }
    device.closed = false;
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      assertThat(metadata.regionMap().hydratedCount()).isEqualTo(1L << 31);
      assertThat(metadata.isHydrationCommitted()).isTrue();
    }
  }

  @Test
  void offHeapMemoryIsAtMostOneAndATwentiethBitPerRegion() throws IOException {
    long before = OffHeapMemory.allocatedBytes();
    try (CloneMetadata metadata = CloneMetadata.open(formatted.copy(), GEOMETRY)) {
      long held = OffHeapMemory.allocatedBytes() - before;
      assertThat(held).isGreaterThanOrEqualTo(REGIONS / 8);
      assertThat(held).isLessThanOrEqualTo((long) (1.05 * REGIONS / 8) + (1 << 20));
      assertThat(metadata.regionMap().hydratedCount()).isZero();
    }
    assertThat(OffHeapMemory.allocatedBytes()).isEqualTo(before);
  }
}
