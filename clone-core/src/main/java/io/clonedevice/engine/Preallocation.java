package io.clonedevice.engine;

import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.Extent;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Tells the destination what hydration is about to write, many copies at a time, which costs a file
 * system less than to find room for each of them. Holes of the source, which nobody will write, and
 * what is hydrated, which may have been discarded, are left as they are. Thread-safe.
 */
final class Preallocation {
  /** Bytes to look ahead. */
  private static final long AHEAD = 16 << 20;

  /** Bytes that are worth a call. */
  private static final long LEAST = 4 << 20;

  private final CloneEngine engine;
  private final RegionGeometry geometry;
  private final BlockStore source;
  private final BlockStore destination;

  // Any thread: what was looked at last. Who sets it tells the destination, while others may write
  // there already.
  private final AtomicReference<Range> seen = new AtomicReference<>(new Range(0, 0));

  private record Range(long from, long end) {
    boolean contains(long offset) {
      return from <= offset && offset < end;
    }
  }

  Preallocation(CloneEngine engine, BlockStore source, BlockStore destination) {
    this.engine = engine;
    this.geometry = engine.geometry();
    this.source = source;
    this.destination = destination;
  }

  /**
   * Looks ahead from a range that is copied next.
   *
   * @param claim of a copy, not yet begun
   * @throws IOException if the source does not tell what it has there
   */
  void before(Claim claim) throws IOException {
    long from = geometry.offsetOf(claim.firstRegion());
    Range before = seen.get();
    if (before.contains(from)) {
      return;
    }
    long ahead = Math.max(claim.regionCount(), AHEAD / geometry.regionSize());
    long endRegion = Math.min(claim.firstRegion() + ahead, geometry.regionCount());
    long unhydratedEnd = engine.regionMap().endOfRun(claim.firstRegion(), endRegion);
    long length = geometry.endOf(unhydratedEnd - 1) - from;
    boolean pays = length >= LEAST;
    if (pays) {
      Extent extent = source.extentAt(from, length);
      length = extent.length();
      pays = extent.kind() == Extent.Kind.DATA && length >= LEAST;
    }
    boolean isFirst = seen.compareAndSet(before, new Range(from, from + length));
    if (isFirst && pays) {
      destination.preallocate(from, length & -(long) destination.logicalBlockSize());
    }
  }
}
