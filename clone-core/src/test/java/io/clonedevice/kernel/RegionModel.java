package io.clonedevice.kernel;

import java.util.BitSet;

/** Which regions must be hydrated after some requests, background hydration being off. */
final class RegionModel {
  private final long deviceSize;
  private final int regionSize;
  private final BitSet hydrated = new BitSet();

  /** Regions from {@code first} up to, and without, {@code end}; none if that is not after it. */
  record Run(int first, int end) {}

  RegionModel(long deviceSize, int regionSize) {
    this.deviceSize = deviceSize;
    this.regionSize = regionSize;
  }

  boolean isHydrated(int region) {
    return hydrated.get(region);
  }

  /** A copy. */
  BitSet hydrated() {
    return (BitSet) hydrated.clone();
  }

  void become(BitSet other) {
    hydrated.clear();
    hydrated.or(other);
  }

  /**
   * Obeys a request.
   *
   * @param discardsShortLastRegion as this library does, and the kernel does not
   */
  void apply(Step step, boolean discardsShortLastRegion) {
    if (step.isWrite()) {
      hydrated.set(regionAt(step.offset()), regionAt(step.offset() + step.length() - 1) + 1);
    } else if (step.kind() == Step.Kind.DISCARD) {
      Run run = wholeRegions(step, discardsShortLastRegion);
      if (run.first() < run.end()) {
        hydrated.set(run.first(), run.end());
      }
    }
  }

  Run wholeRegions(Step discard, boolean shortLastRegionToo) {
    long end = discard.offset() + discard.length();
    return new Run(
        regionAt(discard.offset() + regionSize - 1),
        shortLastRegionToo && end == deviceSize ? regionAt(deviceSize - 1) + 1 : regionAt(end));
  }

  private int regionAt(long offset) {
    return Math.toIntExact(offset / regionSize);
  }
}
