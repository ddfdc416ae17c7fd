package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.nio.file.Files;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Region sizes and device sizes that cannot be. */
class BadGeometryTest extends RefusalTest {
  @ParameterizedTest
  @Tag("A55")
  @CsvSource({
    "0, Invalid region size: 0",
    "-4096, Invalid region size: -4096",
    "512, Invalid region size: 512",
    "2048, Invalid region size: 2048",
    "2147483648, Invalid region size: 2147483648",
    "4294971392, Invalid region size: 4294971392",
    "1073745920, Invalid region size: 1073745920",
    "6144, Region size is not a power of 2: 6144",
    "12288, Region size is not a power of 2: 12288"
  })
  void badRegionSizes(long regionSize, String message) throws Exception {
    refuse(
        () -> files.builder().regionSize(regionSize).open(),
        IllegalArgumentException.class,
        message);
  }

  @ParameterizedTest
  @Tag("A55")
  @ValueSource(booleans = {true, false})
  void aRegionSizeThatIsNoMultipleOfALogicalBlock(boolean ofTheSource) throws Exception {
    refuse(
        () -> {
          BlockStore source = ofTheSource ? new Blocks(source(), 8192) : source();
          BlockStore destination = ofTheSource ? destination() : new Blocks(destination(), 8192);
          files.builder(source, destination, metadata()).regionSize(4096).open();
        },
        IllegalArgumentException.class,
        "Region size is not a multiple of device logical block size",
        "4096",
        "8192");
  }

  @Test
  void aDeviceSizeThatIsNoMultipleOfALogicalBlock() throws Exception {
    refuse(
        () ->
            files
                .builder(source(), new Blocks(destination(), 4096), metadata())
                .deviceSize(SIZE - 512)
                .open(),
        IllegalArgumentException.class,
        "Device size is not a multiple of device logical block size",
        Integer.toString(SIZE - 512),
        "4096");
  }

  @ParameterizedTest
  @Tag("A56")
  @Tag("B7")
  @ValueSource(longs = {(1L << 31) + 1, 1L << 32, (1L << 32) + 1, (1L << 42) - 1})
  void tooManyRegions(long regions) throws Exception {
    // Cut off to 32 bits these are 2^31 + 1 (negative), 0, 1 and -1.
    refuse(
        () ->
            CloneDevice.builder()
                .source(new MemoryBlockStore(regions * 4096))
                .destination(new MemoryBlockStore(regions * 4096))
                .metadata(FileChannelBlockStore.open(files.metadata))
                .regionSize(4096)
                .open(),
        IllegalArgumentException.class,
        "Too many regions. Consider increasing the region size",
        Long.toString(regions),
        "2147483648");
  }

  @Test
  @Tag("A57")
  void aDestinationThatIsTooSmall() throws Exception {
    try (BlockStore small = FileChannelBlockStore.create(directory.resolve("small"), SIZE - 512)) {
      refuse(
          () -> files.builder(files.source, directory.resolve("small"), files.metadata).open(),
          IllegalArgumentException.class,
          "Device size larger than destination device",
          Integer.toString(SIZE),
          Long.toString(small.size()));
    }
  }

  @Test
  @Tag("A57")
  void aSourceThatIsTooSmall() throws Exception {
    refuse(
        () ->
            files
                .builder(files.source, directory.resolve("metadata"), files.destination)
                .deviceSize(SIZE + 512)
                .open(),
        IllegalArgumentException.class,
        "Device size larger than source device",
        Integer.toString(SIZE + 512));
  }

  @Test
  @Tag("A57")
  void whenBothAreTooSmallTheDestinationIsComplainedAbout() throws Exception {
    refuse(
        () -> files.builder().deviceSize(SIZE + 512).open(),
        IllegalArgumentException.class,
        "Device size larger than destination device");
  }

  @Test
  @Tag("A57")
  void sourceAndDestinationMayBeLarger() throws Exception {
    try (CloneDevice device = files.builder().deviceSize(SIZE - 5 * 512).open()) {
      device.enableHydration();
      device.hydrated().get();
      assertThat(device.size()).isEqualTo(SIZE - 5 * 512);
    }
    byte[] expected = Files.readAllBytes(files.source);
    Arrays.fill(expected, SIZE - 5 * 512, SIZE, (byte) 0xDD);
    assertThat(Files.readAllBytes(files.destination)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 100, 513, -1, -512, Long.MIN_VALUE})
  void aDeviceSizeThatIsNoPositiveNumberOfSectors(long deviceSize) throws Exception {
    refuse(
        () -> files.builder().deviceSize(deviceSize).open(),
        IllegalArgumentException.class,
        "Invalid device size: " + deviceSize + " bytes; it must be a positive multiple of 512");
  }
}
