package io.clonedevice.engine;

import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.Extent;
import java.io.IOException;

/**
 * Tells in which state ranges of the device are, and takes hints about them; moves no data.
 *
 * <p>Queries pass the gate as requests do, so that the region map is not released under them.
 * Thread-safe.
 */
public final class RangeQueries {
  private final CloneEngine engine;
  private final RequestRouter router;
  private final SourceReads sourceReads;
  private final BlockStore source;
  private final BlockStore destination;

  RangeQueries(
      CloneEngine engine, RequestRouter router, BlockStore source, BlockStore destination) {
    this.engine = engine;
    this.router = router;
    this.sourceReads = engine.sourceReads();
    this.source = source;
    this.destination = destination;
  }

  /**
   * Returns whether every byte of a range is on the destination; allocates nothing.
   *
   * @param offset first byte
   * @param length bytes, positive
   * @return whether a read of it does not need the source
   */
  public boolean isHydrated(long offset, long length) {
    check(offset, length);
    if (engine.isHydrationCompleted()) {
      return true;
    }
    engine.gate().enter();
    try {
      return router.isHydrated(offset, length);
    } finally {
      engine.gate().exit();
    }
  }

  /**
   * Returns the run of equal state that begins at an offset, cut to a range.
   *
   * @param offset first byte
   * @param length bytes, positive
   * @return bytes of the run, negative if it is unhydrated
   */
  public long signedRunAt(long offset, long length) {
    check(offset, length);
    engine.gate().enter();
    try {
      return router.signedRunAt(offset, length);
    } finally {
      engine.gate().exit();
    }
  }

  /**
   * Returns what the store that holds the valid data of an offset knows about it.
   *
   * @param offset first byte
   * @param length bytes, positive
   * @return the extent that begins there, cut to the run of equal state
   * @throws IOException if the store failed
   */
  public Extent extentAt(long offset, long length) throws IOException {
    check(offset, length);
    engine.gate().enter();
    try {
      long run = router.signedRunAt(offset, length);
      return run > 0 || !sourceReads.tryBegin()
          ? destination.extentAt(offset, Math.abs(run))
          : extentOfSource(offset, -run);
    } finally {
      engine.gate().exit();
    }
  }

  private Extent extentOfSource(long offset, long length) throws IOException {
    try {
      return source.extentAt(offset, length);
    } finally {
      sourceReads.end();
    }
  }

  /**
   * Tells the hydrator that a range will be wanted soon.
   *
   * @param offset first byte
   * @param length bytes
   */
  public void hydrateNext(long offset, long length) {
    engine.check().range("hint", offset, length);
    if (length > 0) {
      RegionGeometry geometry = engine.geometry();
      long first = geometry.regionAt(offset);
      engine.signals().wantedSoon(first, geometry.regionAt(offset + length - 1) + 1 - first);
    }
  }

  private void check(long offset, long length) {
    engine.check().range("query", offset, length);
    if (length == 0) {
      throw new IllegalArgumentException("query of 0 bytes; ask about at least one block");
    }
  }
}
