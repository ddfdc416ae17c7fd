package io.clonedevice.metadata;

/**
 * Which regions are hydrated: an off-heap bitmap, one bit a region, 1 = hydrated.
 *
 * <p>Read by any thread without locks; a bit that is seen set makes the region's bytes on the
 * destination visible (acquire). Changed only through {@link CloneMetadata#markHydrated}.
 */
public final class RegionMap {
  RegionMap(RegionGeometry geometry) {
    throw new IllegalStateException("skeleton " + geometry);
  }

  /**
   * Returns whether a region is hydrated.
   *
   * @param region index; {@code 0 <= region < regionCount}
   * @return whether its valid data is on the destination
   * @throws IndexOutOfBoundsException if there is no such region
   */
  public boolean isHydrated(long region) {
    throw new IllegalStateException("skeleton");
  }

  /**
   * Returns where the run of regions with the same state as the first one ends.
   *
   * @param firstRegion first region of the run
   * @param endRegion look no further than before this region; {@code firstRegion < endRegion}
   * @return index of the first region in {@code (firstRegion, endRegion)} whose state differs, else
   *     {@code endRegion}
   * @throws IndexOutOfBoundsException if a region is out of range
   */
  public long endOfRun(long firstRegion, long endRegion) {
    throw new IllegalStateException("skeleton");
  }

  /**
   * Returns the first unhydrated region at or after a region; no wrap-around.
   *
   * @param fromRegion where to begin; {@code 0 <= fromRegion <= regionCount}
   * @return index, or {@code regionCount} if every one from there on is hydrated
   */
  public long nextUnhydrated(long fromRegion) {
    throw new IllegalStateException("skeleton");
  }

  /**
   * Returns the number of hydrated regions, kept, not counted.
   *
   * @return 0 to regionCount
   */
  public long hydratedCount() {
    throw new IllegalStateException("skeleton");
  }
}
