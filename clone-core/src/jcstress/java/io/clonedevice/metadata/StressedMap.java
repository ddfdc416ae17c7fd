package io.clonedevice.metadata;

/** A region map for the tests of other rooms, which cannot make one. */
public final class StressedMap {
  private final RegionMap map = RegionMapInterleavings.newMap();

  /** The map, of four regions. */
  public RegionMap map() {
    return map;
  }

  /** Marks one region. */
  public void mark(long region) {
    map.mark(region, 1);
  }

  /** Frees the memory. */
  public void free() {
    map.close();
  }
}
