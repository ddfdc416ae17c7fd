package io.clonedevice.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegionGeometryTest {
  private static final long GIB = 1L << 30;

  @Test
  void shortLastRegionEndsWithTheDevice() {
    RegionGeometry geometry = new RegionGeometry(3 * 4096 + 512, 4096);

    assertThat(geometry.regionCount()).isEqualTo(4);
    assertThat(geometry.offsetOf(3)).isEqualTo(12288);
    assertThat(geometry.endOf(3)).isEqualTo(12800);
    assertThat(geometry.endOf(2)).isEqualTo(12288);
  }

  @Test
  void deviceSmallerThanARegionHasOne() {
    assertThat(new RegionGeometry(512, GIB).regionCount()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 1", "4095, 1", "4096, 1", "4097, 2", "12288, 3", "12289, 4"})
  void firstRegionFromRoundsUp(long offset, long region) {
    assertThat(new RegionGeometry(12800, 4096).firstRegionFrom(offset)).isEqualTo(region);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "4095, 0", "4096, 1", "12288, 3", "12799, 3", "12800, 4"})
  void regionsEndingByCountsTheShortLastRegionAtTheEndOnly(long end, long count) {
    assertThat(new RegionGeometry(12800, 4096).regionsEndingBy(end)).isEqualTo(count);
  }

  @Test
  @Tag("B6")
  void regionsPastTwoTebibytesKeepTheirPlace() {
    RegionGeometry geometry = new RegionGeometry(8L << 40, 4096);
    long offset = (5L << 40) + 4096;

    assertThat(geometry.regionAt(offset)).isEqualTo((5L << 28) + 1);
    assertThat(geometry.offsetOf(geometry.regionAt(offset))).isEqualTo(offset);
    assertThat(geometry.endOf(geometry.regionAt(offset))).isEqualTo(offset + 4096);
  }

  @Test
  @Tag("A56")
  void mostRegionsAreTwoToThe31() {
    assertThat(new RegionGeometry(8L << 40, 4096).regionCount()).isEqualTo(1L << 31);
  }

  @Test
  @Tag("A56")
  @Tag("B7")
  void oneRegionMoreIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RegionGeometry((8L << 40) + 512, 4096))
        .withMessageStartingWith("Too many regions. Consider increasing the region size")
        .withMessageContaining("2147483649");
  }

  @Test
  @Tag("B7")
  void regionCountThatWouldFitWhenTruncatedTo32BitsIsRefused() {
    long regions = (1L << 32) + 5;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RegionGeometry(regions * 4096, 4096))
        .withMessageContaining(Long.toString(regions));
  }

  @Test
  void largestDeviceSizeDoesNotOverflow() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RegionGeometry(Long.MAX_VALUE & -512L, GIB))
        .withMessageContaining("Too many regions");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -4096, 512, 2048, 2L * GIB, 1L << 32, Long.MIN_VALUE})
  @Tag("A55")
  void regionSizeOutOfRangeIsRefused(long size) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RegionGeometry(GIB, size))
        .withMessageStartingWith("Invalid region size")
        .withMessageContaining(Long.toString(size));
  }

  @ParameterizedTest
  @ValueSource(longs = {4097, 6144, 12288, GIB - 1})
  @Tag("A55")
  void regionSizeThatIsNoPowerOfTwoIsRefused(long size) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RegionGeometry(GIB, size))
        .withMessageStartingWith("Region size is not a power of 2");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -512, 1, 511, 513})
  void deviceSizeThatIsNoPositiveNumberOfSectorsIsRefused(long size) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RegionGeometry(size, 4096))
        .withMessageContaining(Long.toString(size));
  }

  @Test
  void sectorsAreOf512Bytes() {
    RegionGeometry geometry = new RegionGeometry(GIB, 65536);

    assertThat(geometry.regionSectors()).isEqualTo(128);
    assertThat(geometry.deviceSectors()).isEqualTo(2097152);
  }
}
