package io.clonedevice.metadata;

import io.clonedevice.metadata.persistent.MetadataLayout;

/**
 * How many regions are hydrated in each array block of the committed state, and in all of them.
 *
 * <p>Tells when all regions are committed at a cost that grows with what a commit changed. Used by
 * one thread at a time.
 */
final class HydratedCounts {
  /** At most 32576 each. */
  private final short[] counts;

  private long total;

  HydratedCounts(long regionCount) {
    this.counts = new short[MetadataLayout.arrayBlockCount(regionCount)];
  }

  void set(int arrayBlock, int count) {
    total += count - counts[arrayBlock];
    counts[arrayBlock] = (short) count;
  }

  long total() {
    return total;
  }
}
