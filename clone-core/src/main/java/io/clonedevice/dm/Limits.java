package io.clonedevice.dm;

/** The ranges of the numbers in all text forms, and the one place that checks them. */
final class Limits {
  static final int MIN_REGION_SECTORS = 8;
  static final int MAX_REGION_SECTORS = 2097152;
  static final long MAX_REGION_COUNT = 1L << 31;

  private Limits() {}

  static void checkRange(long startSector, long sectorCount) {
    if (startSector < 0 || sectorCount <= 0 || startSector > Long.MAX_VALUE - sectorCount) {
      throw new IllegalArgumentException(
          "Invalid range: start "
              + startSector
              + ", length "
              + sectorCount
              + " sectors; the start must not be negative, the length must be positive, and their"
              + " sum at most "
              + Long.MAX_VALUE);
    }
  }

  /** Checks in the kernel's order: range of the region size, power of two, number of regions. */
  static void checkRegions(long sectorCount, long regionSectors) {
    if (regionSectors < MIN_REGION_SECTORS || regionSectors > MAX_REGION_SECTORS) {
      throw invalidRegionSize(Long.toString(regionSectors));
    }
    if (Long.bitCount(regionSectors) != 1) {
      throw new IllegalArgumentException(
          "Region size is not a power of 2: "
              + regionSectors
              + " sectors; the next smaller one is "
              + Long.highestOneBit(regionSectors));
    }
    long regions = regionCount(sectorCount, regionSectors);
    if (regions > MAX_REGION_COUNT) {
      throw new IllegalArgumentException(
          "Too many regions. Consider increasing the region size: "
              + regions
              + " regions of "
              + regionSectors
              + " sectors, at most "
              + MAX_REGION_COUNT);
    }
  }

  static IllegalArgumentException invalidRegionSize(String given) {
    return new IllegalArgumentException(
        "Invalid region size: `"
            + given
            + "'; give a power of two from "
            + MIN_REGION_SECTORS
            + " to "
            + MAX_REGION_SECTORS
            + " sectors");
  }

  static long regionCount(long sectorCount, long regionSectors) {
    return (sectorCount - 1) / regionSectors + 1;
  }

  /** Checks a threshold or a batch size. */
  static long checkSetting(String name, long value) {
    if (value < 0 || value > Words.MAX_UNSIGNED_32) {
      throw invalidValue(name, Long.toString(value));
    }
    return value;
  }

  static IllegalArgumentException invalidValue(String name, String given) {
    return new IllegalArgumentException(
        "Invalid value for argument `"
            + name
            + "': `"
            + given
            + "'; give a decimal number of regions from 0 to "
            + Words.MAX_UNSIGNED_32);
  }
}
