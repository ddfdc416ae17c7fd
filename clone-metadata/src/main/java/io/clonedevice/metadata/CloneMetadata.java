package io.clonedevice.metadata;

import java.io.IOException;

/** Skeleton; see the package description. */
public final class CloneMetadata implements AutoCloseable {
  private CloneMetadata() {}

  /** Opens for reading and writing; formats if block 0 is all zeroes. */
  public static CloneMetadata open(MetadataDevice device, RegionGeometry geometry)
      throws IOException {
    throw new IOException("skeleton");
  }

  /** The geometry. */
  public RegionGeometry geometry() {
    throw new IllegalStateException("skeleton");
  }

  /** The region map. */
  public RegionMap regionMap() {
    throw new IllegalStateException("skeleton");
  }

  /** The mode. */
  public MetadataMode mode() {
    throw new IllegalStateException("skeleton");
  }

  /** Any thread. IOException if the mode is not READ_WRITE. */
  public void markHydrated(long firstRegion, long regionCount) throws IOException {
    throw new IOException("skeleton");
  }

  /** Whether regions were marked since the last commit began, or returned by an abort. */
  public boolean hasUncommittedChanges() {
    throw new IllegalStateException("skeleton");
  }

  /** Whether the state on disk, durable, says that every region is hydrated. */
  public boolean isHydrationCommitted() {
    throw new IllegalStateException("skeleton");
  }

  /** Freezes what is to be committed; IllegalStateException if a commit is under way already. */
  public Commit beginCommit() throws IOException {
    throw new IOException("skeleton");
  }

  /** Writes what was frozen. */
  public void finishCommit(Commit commit) throws IOException {
    throw new IOException("skeleton");
  }

  /**
   * Gives the frozen words back as dirty, re-reads the superblock, mode becomes READ_ONLY or FAIL.
   */
  public void abort(Commit commit) {
    throw new IllegalStateException("skeleton");
  }

  /** From READ_ONLY back to READ_WRITE if the superblock on disk is the last one written. */
  public void reopenReadWrite() throws IOException {
    throw new IOException("skeleton");
  }

  /** Metadata blocks in use. */
  public long usedBlocks() {
    throw new IllegalStateException("skeleton");
  }

  /** Metadata blocks managed. */
  public long totalBlocks() {
    throw new IllegalStateException("skeleton");
  }

  /**
   * Frees the off-heap region map once isHydrationCommitted(); afterwards every region is hydrated.
   */
  public void releaseRegionMap() {
    throw new IllegalStateException("skeleton");
  }

  @Override
  public void close() throws IOException {
    throw new IOException("skeleton");
  }

  /** What a commit froze. */
  public static final class Commit {
    Commit() {}
  }
}
