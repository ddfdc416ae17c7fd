package io.clonedevice.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * The right to change the state of a range of unhydrated regions: a copy, an overwrite or a discard
 * in flight. Made and ended by {@link ClaimTable} only.
 */
public final class Claim {
  /** What the holder of a claim is doing. */
  enum Purpose {
    /** The hydrator copies from the source; nobody asked for these regions. */
    BACKGROUND_COPY,
    /** A write covers a region in part, so the rest comes from the source. */
    DEMAND_COPY,
    /** A write covers the regions whole. */
    OVERWRITE,
    /** A discard covers the regions whole. */
    DISCARD
  }

  private final long firstRegion;
  private final long endRegion;
  private final Purpose purpose;

  /** Guarded by the lock of the {@link ClaimTable}; in order of arrival. */
  final List<Waiter> waiters = new ArrayList<>(0);

  Claim(long firstRegion, long endRegion, Purpose purpose) {
    this.firstRegion = firstRegion;
    this.endRegion = endRegion;
    this.purpose = purpose;
  }

  /**
   * Returns the first claimed region.
   *
   * @return index
   */
  public long firstRegion() {
    return firstRegion;
  }

  /**
   * Returns the number of claimed regions.
   *
   * @return positive
   */
  public long regionCount() {
    return endRegion - firstRegion;
  }

  long endRegion() {
    return endRegion;
  }

  Purpose purpose() {
    return purpose;
  }

  boolean isCopy() {
    return purpose == Purpose.BACKGROUND_COPY || purpose == Purpose.DEMAND_COPY;
  }

  @Override
  public String toString() {
    return purpose + " of regions " + firstRegion + " to " + (endRegion - 1);
  }
}
