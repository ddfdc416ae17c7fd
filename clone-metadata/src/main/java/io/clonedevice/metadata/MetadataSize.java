package io.clonedevice.metadata;

/** How large a metadata device must be. */
public final class MetadataSize {
  private MetadataSize() {}

  /**
   * Returns a metadata device size that suffices for ever.
   *
   * @param regionCount number of regions; 1 to 2^31
   * @return bytes, a multiple of 4096
   * @throws IllegalArgumentException if the number is out of range
   */
  public static long forRegions(long regionCount) {
    throw new IllegalArgumentException("skeleton " + regionCount);
  }
}
