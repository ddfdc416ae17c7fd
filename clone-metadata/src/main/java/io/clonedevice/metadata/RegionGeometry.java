package io.clonedevice.metadata;

/**
 * How a device is cut into regions: the one place that converts bytes, sectors and regions.
 *
 * <pre>
 *   |&lt;------------------ deviceSize (bytes) ------------------&gt;|
 *   | region 0 | region 1 | region 2 | ...  | short last region |
 *   |&lt;regionSize&gt;|
 * </pre>
 *
 * <p>Immutable. All arithmetic is in {@code long}.
 */
public final class RegionGeometry {
  /** Bytes in a sector. */
  public static final int SECTOR_SIZE = 512;

  /** Smallest region size in bytes. */
  public static final int MIN_REGION_SIZE = 4096;

  /** Largest region size in bytes. */
  public static final int MAX_REGION_SIZE = 1 << 30;

  /** Largest number of regions of a device. */
  public static final long MAX_REGION_COUNT = 1L << 31;

  private final long deviceSize;
  private final int regionShift;
  private final long regionCount;

  /**
   * Makes the geometry of a device.
   *
   * @param deviceSize size of the device in bytes; positive multiple of 512
   * @param regionSize size of a region in bytes; power of two, 4096 to 2^30
   * @throws IllegalArgumentException if a size is out of range or there would be more than 2^31
   *     regions; the message names the value and the limit
   */
  public RegionGeometry(long deviceSize, long regionSize) {
    if (regionSize < MIN_REGION_SIZE || regionSize > MAX_REGION_SIZE) {
      throw new IllegalArgumentException(
          "Invalid region size: "
              + regionSize
              + " bytes; choose a power of two from "
              + MIN_REGION_SIZE
              + " to "
              + MAX_REGION_SIZE);
    }
    if (Long.bitCount(regionSize) != 1) {
      throw new IllegalArgumentException(
          "Region size is not a power of 2: "
              + regionSize
              + " bytes; the next smaller one is "
              + Long.highestOneBit(regionSize));
    }
    if (deviceSize <= 0 || deviceSize % SECTOR_SIZE != 0) {
      throw new IllegalArgumentException(
          "Invalid device size: "
              + deviceSize
              + " bytes; it must be a positive multiple of "
              + SECTOR_SIZE);
    }
    int shift = Long.numberOfTrailingZeros(regionSize);
    long count = ((deviceSize - 1) >>> shift) + 1;
    if (count > MAX_REGION_COUNT) {
      throw new IllegalArgumentException(
          "Too many regions. Consider increasing the region size: "
              + count
              + " regions of "
              + regionSize
              + " bytes, at most "
              + MAX_REGION_COUNT);
    }
    this.deviceSize = deviceSize;
    this.regionShift = shift;
    this.regionCount = count;
  }

  /**
   * Returns the size of the device.
   *
   * @return bytes
   */
  public long deviceSize() {
    return deviceSize;
  }

  /**
   * Returns the size of the device.
   *
   * @return sectors of 512 bytes
   */
  public long deviceSectors() {
    return deviceSize / SECTOR_SIZE;
  }

  /**
   * Returns the size of a region.
   *
   * @return bytes
   */
  public int regionSize() {
    return 1 << regionShift;
  }

  /**
   * Returns the size of a region.
   *
   * @return sectors of 512 bytes
   */
  public int regionSectors() {
    return regionSize() / SECTOR_SIZE;
  }

  /**
   * Returns the number of regions, the short last one included.
   *
   * @return 1 to 2^31
   */
  public long regionCount() {
    return regionCount;
  }

  /**
   * Returns the region that holds a byte.
   *
   * @param offset byte on the device; {@code 0 <= offset < deviceSize()}
   * @return the region's index
   */
  public long regionAt(long offset) {
    return offset >>> regionShift;
  }

  /**
   * Returns where a region begins.
   *
   * @param region index; {@code 0 <= region <= regionCount()}
   * @return byte on the device; for {@code regionCount()} not less than the device's size
   */
  public long offsetOf(long region) {
    return region << regionShift;
  }

  /**
   * Returns where a region ends.
   *
   * @param region index; {@code 0 <= region < regionCount()}
   * @return the byte after the region's last one, at most {@code deviceSize()}
   */
  public long endOf(long region) {
    return Math.min((region + 1) << regionShift, deviceSize);
  }

  /**
   * Returns the first region that begins at or after a byte.
   *
   * @param offset byte on the device; {@code 0 <= offset <= deviceSize()}
   * @return index, {@code regionCount()} if none begins there
   */
  public long firstRegionFrom(long offset) {
    return (offset >>> regionShift) + ((offset & (regionSize() - 1L)) == 0 ? 0 : 1);
  }

  /**
   * Returns the number of regions that end at or before a byte; the short last region ends with the
   * device.
   *
   * @param end byte on the device; {@code 0 <= end <= deviceSize()}
   * @return count, which is also the index of the first region that does not end there
   */
  public long regionsEndingBy(long end) {
    return end == deviceSize ? regionCount : end >>> regionShift;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RegionGeometry that
        && that.deviceSize == deviceSize
        && that.regionShift == regionShift;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(deviceSize) * 31 + regionShift;
  }

  @Override
  public String toString() {
    return regionCount
        + " regions of "
        + regionSize()
        + " bytes, device of "
        + deviceSize
        + " bytes";
  }
}
