package io.clonedevice.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.clonedevice.metadata.persistent.MetadataFormatException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Images that the kernel wrote, sound ones and ones that were damaged afterwards. */
class GoldenImageTest {

  static Stream<GoldenImage> sound() throws IOException, URISyntaxException {
    return GoldenImage.in("");
  }

  static Stream<GoldenImage> corrupt() throws IOException, URISyntaxException {
    return GoldenImage.in("corrupt/");
  }

  @ParameterizedTest
  @MethodSource("sound")
  void kernelImageOpensToTheRangesOfItsSideFile(GoldenImage image) throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(image.device(), image.geometry())) {
      assertThat(Ranges.of(metadata)).isEqualTo(image.hydratedRanges());
      assertThat(metadata.regionMap().hydratedCount()).isEqualTo(image.number("hydrated_count"));
      assertThat(metadata.committedHydratedCount()).isEqualTo(image.number("hydrated_count"));
      assertThat(metadata.usedBlocks()).isEqualTo(image.number("metadata_blocks_used"));
      assertThat(metadata.totalBlocks()).isEqualTo(image.number("metadata_blocks_total"));
    }
  }

  @ParameterizedTest
  @MethodSource("sound")
  void openingReadOnlyTakesTheGeometryFromTheSuperblock(GoldenImage image) throws IOException {
    try (CloneMetadata metadata = CloneMetadata.openReadOnly(image.device())) {
      assertThat(metadata.geometry()).isEqualTo(image.geometry());
      assertThat(metadata.mode()).isEqualTo(MetadataMode.READ_ONLY);
    }
  }

  @ParameterizedTest
  @MethodSource("sound")
  void kernelImageIsCarriedOn(GoldenImage image) throws IOException {
    MemoryMetadataDevice device = image.device();
    long last = image.geometry().regionCount() - 1;
    try (CloneMetadata metadata = CloneMetadata.open(device, image.geometry())) {
      metadata.markHydrated(0, 1);
      metadata.markHydrated(last, 1);
      metadata.finishCommit(metadata.beginCommit());
    }
    device.closed = false;
    try (CloneMetadata metadata = CloneMetadata.open(device, image.geometry())) {
      assertThat(metadata.regionMap().isHydrated(0)).isTrue();
      assertThat(metadata.regionMap().isHydrated(last)).isTrue();
      assertThat(metadata.usedBlocks()).isEqualTo(image.number("metadata_blocks_used"));
    }
  }

  @ParameterizedTest
  @MethodSource("corrupt")
  @Tag("A62")
  void corruptImageIsRefusedAndLeftAsItIs(GoldenImage image) throws IOException {
    MemoryMetadataDevice device = image.device();
    Map<Long, byte[]> before = device.contents();

    MetadataFormatException refusal =
        catchThrowableOfType(
            MetadataFormatException.class, () -> CloneMetadata.open(device, image.geometry()));

    assertThat(refusal).isNotNull();
    assertThat(refusal.getMessage())
        .contains("block " + refusal.block(), refusal.field(), refusal.found())
        .contains("expected " + refusal.expected());
    assertThat(device.contents()).containsExactlyEntriesOf(before);
    assertThat(device.writes).isZero();
    assertThat(device.flushes).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "super-blocknr, blocknr, 0",
    "super-magic, magic, 0",
    "super-flip, checksum, 0",
    "super-flip-tail, checksum, 0",
    "super-version2, version, 0",
    "super-foreign, blocknr, 0",
    "super-nr-allocated, nr_allocated, 0",
    "super-bitset-root-range, bitset_root, 0",
    "array-blocknr, blocknr, 67",
    "array-flip, checksum, 68",
    "array-max-entries, max_entries, 67",
    "array-short, nr_entries, 43",
    "array-value-size, value_size, 67",
    "array-extra-bits, bits past the last region, 43",
    "bitmap-flip, checksum, 65",
    "bitmap-count-two, count of block 67, 65",
    "bitmap-leaked-block, count of block 900, 65",
    "bitmap-lost-count, count of block 64, 65",
    "index-flip, checksum, 69",
    "index-nr-free, nr_free of bitmap 0, 69",
    "node-flags, flags, 66",
    "node-key-gap, key 2, 66",
    "node-too-many, nr_entries, 66",
    "refcount-root-flip, checksum, 2",
    "cut-short, nr_blocks, 0",
  })
  void refusalNamesFieldAndBlock(String name, String field, long block) throws IOException {
    GoldenImage image = GoldenImage.named("corrupt/" + name);

    MetadataFormatException refusal =
        catchThrowableOfType(
            MetadataFormatException.class,
            () -> CloneMetadata.open(image.device(), image.geometry()));

    assertThat(refusal.field()).isEqualTo(field);
    assertThat(refusal.block()).isEqualTo(block);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "super-blocknr  | Superblock check failed: blocknr 1, expected 0",
        "super-magic    | Superblock check failed: magic 2331148133, expected 2331148132",
        "super-version0 | Clone metadata version 0 found, but only versions between 1 and 1 supported.",
        "super-version2 | Clone metadata version 2 found, but only versions between 1 and 1 supported.",
        // Computed first, stored second, as the kernel has it.
        "super-flip     | Superblock check failed: checksum 3368396385, expected 457808752",
      })
  @Tag("A62")
  void superblockRefusalHasTheKernelsWords(String name, String text) throws IOException {
    GoldenImage image = GoldenImage.named("corrupt/" + name);

    MetadataFormatException refusal =
        catchThrowableOfType(
            MetadataFormatException.class,
            () -> CloneMetadata.open(image.device(), image.geometry()));

    assertThat(refusal.getMessage()).startsWith(text);
  }

  @Test
  @Tag("A63")
  void otherGeometryIsRefusedWithTheKernelsWords() throws IOException {
    GoldenImage image = GoldenImage.named("churn-2");
    RegionGeometry found = image.geometry();
    RegionGeometry asked = new RegionGeometry(found.deviceSize() + 512, found.regionSize());
    MemoryMetadataDevice device = image.device();

    MetadataMismatchException refusal =
        catchThrowableOfType(
            MetadataMismatchException.class, () -> CloneMetadata.open(device, asked));

    assertThat(refusal.getMessage())
        .startsWith("Region and/or target size don't match the ones in metadata")
        .contains(Long.toString(found.deviceSize()), Long.toString(asked.deviceSize()));
    assertThat(device.writes).isZero();
  }
}
