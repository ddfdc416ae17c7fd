package io.clonedevice.metadata;

import io.clonedevice.metadata.persistent.ArrayWordsConsumer;
import io.clonedevice.metadata.persistent.MetadataBlocks;
import io.clonedevice.metadata.persistent.MetadataFormatException;
import io.clonedevice.metadata.persistent.MetadataFormatter;
import io.clonedevice.metadata.persistent.MetadataLayout;
import io.clonedevice.metadata.persistent.MetadataReader;
import io.clonedevice.metadata.persistent.OnDiskMetadata;
import io.clonedevice.metadata.persistent.Superblock;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which regions of a clone are hydrated, in memory and on the metadata device: the only door to
 * both.
 *
 * <p>A commit has two steps, with the flush of the destination between them, so that no region is
 * recorded whose bytes could still be lost:
 *
 * <pre>
 *   Commit commit = metadata.beginCommit();      // freezes what is marked now
 *   try {
 *     destination.flush();                       // makes the bytes of those regions durable
 *     metadata.finishCommit(commit);             // records them
 *   } catch (IOException e) {
 *     metadata.abort(commit);                    // they are marked still, but not recorded
 *     throw e;
 *   }
 * </pre>
 *
 * <p>Threads: {@link #markHydrated}, the map and all plain accessors may be used by any thread at
 * any time. {@link #beginCommit}, {@link #finishCommit}, {@link #abort}, {@link #reopenReadWrite},
 * {@link #releaseRegionMap} and {@link #close} exclude each other; one commit is under way at a
 * time. Marks never wait for a commit's I/O.
 *
 * <p>The metadata device belongs to this object from the moment {@link #open} returned, and is
 * closed by {@link #close}. If opening fails, it stays the caller's.
 */
public final class CloneMetadata implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CloneMetadata.class);

  private static final int SECTORS_PER_BLOCK =
      MetadataDevice.BLOCK_SIZE / RegionGeometry.SECTOR_SIZE;

  /** Devices up to this size draw no warning, although the last bit of them is not used either. */
  private static final long MAX_BLOCKS_WITHOUT_WARNING = (16L << 30) / MetadataDevice.BLOCK_SIZE;

  private final MetadataDevice device;
  private final RegionGeometry geometry;
  private final RegionMap regionMap;
  private final boolean readOnlyForGood;
  private final long totalBlocks;

  // Guarded by this.
  private final OnDiskMetadata onDisk;
  private final HydratedCounts committedCounts;
  private boolean closed;
  private boolean mapReleased;
  private Commit commitUnderWay;

  // Written under this, read by anybody.
  private volatile MetadataMode mode;
  private volatile long committedHydratedCount;
  private volatile long usedBlocks;

  private CloneMetadata(
      MetadataDevice device,
      RegionGeometry geometry,
      RegionMap regionMap,
      HydratedCounts committedCounts,
      OnDiskMetadata onDisk,
      boolean readOnlyForGood) {
    this.device = device;
    this.geometry = geometry;
    this.regionMap = regionMap;
    this.committedCounts = committedCounts;
    this.onDisk = onDisk;
    this.readOnlyForGood = readOnlyForGood;
    this.mode = readOnlyForGood ? MetadataMode.READ_ONLY : MetadataMode.READ_WRITE;
    this.committedHydratedCount = committedCounts.total();
    this.totalBlocks = onDisk.superblock().blockCount();
    this.usedBlocks = onDisk.superblock().allocatedBlocks();
  }

  /**
   * Opens for reading and writing; formats if block 0 is all zeroes.
   *
   * <p>A device that is formatted must have room for a commit that changes every block of the
   * bitset; {@link MetadataSize#forRegions} gives a size that always has. Anything in block 0 but
   * zeroes must be sound metadata of that geometry, else nothing is written. What was found is made
   * durable: its superblock is written once more and flushed.
   *
   * @param device the metadata device; from a successful return on owned by the result
   * @param geometry the clone's geometry
   * @return the metadata, in mode {@link MetadataMode#READ_WRITE}
   * @throws MetadataMismatchException if the metadata is of another geometry
   * @throws IllegalArgumentException if the device is too small to be formatted
   * @throws MetadataFormatException if the device holds something else, or the metadata is damaged
   * @throws IOException if the device is read-only or failed
   */
  public static CloneMetadata open(MetadataDevice device, RegionGeometry geometry)
      throws IOException {
    if (device.isReadOnly()) {
      throw new IOException(
          "Unable to get write access to metadata, please check/repair metadata: the metadata"
              + " device is read-only");
    }
    warnIfExcessive(device);
    MetadataBlocks blocks = new BoundedBlocks(device);
    if (blocks.blockCount() == 0 || MetadataFormatter.isBlank(blocks)) {
      return format(device, blocks, geometry);
    }
    MetadataReader reader = new MetadataReader(blocks);
    RegionGeometry found = geometryOf(reader.readSuperblock());
    if (!found.equals(geometry)) {
      throw new MetadataMismatchException(found, geometry);
    }
    return load(device, reader, geometry, false);
  }

  /**
   * Opens for reading only; takes the geometry from the superblock. Nothing is ever written.
   *
   * @param device the metadata device; from a successful return on owned by the result
   * @return the metadata, in mode {@link MetadataMode#READ_ONLY} for good
   * @throws MetadataFormatException if the device is not formatted, holds something else, or the
   *     metadata is damaged
   * @throws IOException if the device failed
   */
  public static CloneMetadata openReadOnly(MetadataDevice device) throws IOException {
    MetadataReader reader = new MetadataReader(new BoundedBlocks(device));
    return load(device, reader, geometryOf(reader.readSuperblock()), true);
  }

  private static RegionGeometry geometryOf(Superblock superblock) {
    return new RegionGeometry(
        superblock.deviceSectors() * RegionGeometry.SECTOR_SIZE,
        superblock.regionSectors() * RegionGeometry.SECTOR_SIZE);
  }

  private static void warnIfExcessive(MetadataDevice device) {
    if (device.blockCount() > MAX_BLOCKS_WITHOUT_WARNING) {
      LOG.warn(
          "Metadata device is larger than {} sectors: excess space will not be used.",
          MetadataLayout.MAX_BLOCKS * SECTORS_PER_BLOCK);
    }
  }

  private static CloneMetadata format(
      MetadataDevice device, MetadataBlocks blocks, RegionGeometry geometry) throws IOException {
    long needed = MetadataLayout.blocksToFormat(geometry.regionCount());
    if (blocks.blockCount() < needed) {
      throw new IllegalArgumentException(
          "Metadata device too small: "
              + blocks.blockCount() * MetadataDevice.BLOCK_SIZE
              + " bytes, "
              + geometry.regionCount()
              + " regions need "
              + needed * MetadataDevice.BLOCK_SIZE
              + "; "
              + MetadataSize.forRegions(geometry.regionCount())
              + " are recommended");
    }
    RegionMap map = new RegionMap(geometry);
    try {
      map.allowMarks();
      OnDiskMetadata onDisk =
          MetadataFormatter.format(blocks, geometry.regionSectors(), geometry.deviceSectors());
      HydratedCounts counts = new HydratedCounts(geometry.regionCount());
      return new CloneMetadata(device, geometry, map, counts, onDisk, false);
    } catch (IOException | RuntimeException | Error e) {
      map.close();
      throw e;
    }
  }

  private static CloneMetadata load(
      MetadataDevice device, MetadataReader reader, RegionGeometry geometry, boolean readOnly)
      throws IOException {
    RegionMap map = new RegionMap(geometry);
    try {
      HydratedCounts counts = new HydratedCounts(geometry.regionCount());
      OnDiskMetadata onDisk = reader.read(into(map, counts));
      map.loaded(counts.total());
      if (!readOnly) {
        map.allowMarks();
        warnIfCramped(onDisk);
        onDisk.confirm();
      }
      return new CloneMetadata(device, geometry, map, counts, onDisk, readOnly);
    } catch (IOException | RuntimeException | Error e) {
      map.close();
      throw e;
    }
  }

  private static ArrayWordsConsumer into(RegionMap map, HydratedCounts counts) {
    return new ArrayWordsConsumer() {
      @Override
      public void accept(int arrayBlock, ByteBuffer words) {
        counts.set(arrayBlock, map.load(arrayBlock, words));
      }

      @Override
      public void acceptUniform(int arrayBlock, boolean hydrated) {
        counts.set(arrayBlock, map.loadUniform(arrayBlock, hydrated));
      }
    };
  }

  private static void warnIfCramped(OnDiskMetadata onDisk) {
    if (onDisk.superblock().blockCount() < onDisk.blocksForFullCommit()) {
      LOG.warn(
          "Metadata of {} blocks may run out of space: {} are needed for a commit that changes"
              + " everything.",
          onDisk.superblock().blockCount(),
          onDisk.blocksForFullCommit());
    }
  }

  /**
   * Returns the geometry of the clone.
   *
   * @return the geometry
   */
  public RegionGeometry geometry() {
    return geometry;
  }

  /**
   * Returns the map of hydrated regions.
   *
   * @return the map; the same one for life
   */
  public RegionMap regionMap() {
    return regionMap;
  }

  /**
   * Returns what can be done with the metadata now.
   *
   * @return the mode
   */
  public MetadataMode mode() {
    return mode;
  }

  /**
   * Marks regions hydrated, in memory; a commit records them. Regions that are marked already are
   * no error.
   *
   * <p>To be called when all bytes of the regions are complete on the destination: any thread that
   * sees a region hydrated sees what happened before this call.
   *
   * @param firstRegion index of the first region
   * @param regionCount number of regions, at least 1
   * @throws IndexOutOfBoundsException if a region is out of range; nothing was marked
   * @throws MetadataModeException if the mode is not {@link MetadataMode#READ_WRITE}
   * @throws IllegalStateException if the metadata is closed
   */
  public void markHydrated(long firstRegion, long regionCount) throws MetadataModeException {
    if (firstRegion < 0
        || regionCount < 1
        || firstRegion >= geometry.regionCount()
        || regionCount > geometry.regionCount() - firstRegion) {
      throw new IndexOutOfBoundsException(
          regionCount
              + " regions from region "
              + firstRegion
              + " on cannot be marked: the device has regions 0 to "
              + (geometry.regionCount() - 1));
    }
    requireReadWrite("mark regions hydrated");
    regionMap.mark(firstRegion, regionCount);
  }

  private void requireReadWrite(String operation) throws MetadataModeException {
    MetadataMode now = mode;
    if (now != MetadataMode.READ_WRITE) {
      throw new MetadataModeException(operation, now);
    }
  }

  /**
   * Returns whether regions are marked that are not recorded on the device: marked since the last
   * commit began, frozen by a commit under way, or given back by an abort. Cheap.
   *
   * @return whether a commit has something to write
   */
  public boolean hasUncommittedChanges() {
    return regionMap.hasUncommittedWords();
  }

  /**
   * Returns whether the state on the device says, durably, that every region is hydrated.
   *
   * @return whether the source is no longer needed, not even after a crash
   */
  public boolean isHydrationCommitted() {
    return committedHydratedCount == geometry.regionCount();
  }

  /**
   * Returns how many regions the state on the device says to be hydrated.
   *
   * @return number of regions as of the last successful commit
   */
  public long committedHydratedCount() {
    return committedHydratedCount;
  }

  /**
   * Freezes what is to be committed: the marked regions that are not recorded yet. A region marked
   * after this call returned belongs to the next commit.
   *
   * @return what was frozen; must be given to {@link #finishCommit} or {@link #abort}
   * @throws MetadataModeException if the mode is not {@link MetadataMode#READ_WRITE}
   * @throws IllegalStateException if a commit is under way already, or the metadata is closed
   */
  public synchronized Commit beginCommit() throws MetadataModeException {
    requireOpen();
    if (commitUnderWay != null) {
      throw new IllegalStateException("a commit is under way: finish or abort it first");
    }
    requireReadWrite("commit");
    commitUnderWay = new Commit(mapReleased ? null : regionMap.freeze());
    return commitUnderWay;
  }

  /**
   * Records what was frozen, durably. The destination must have been flushed since {@link
   * #beginCommit()} returned. Nothing is written if nothing was frozen.
   *
   * @param commit the commit under way; ended on success
   * @throws MetadataModeException if the mode is not {@link MetadataMode#READ_WRITE}
   * @throws IOException if the device failed, has no space left, or holds a superblock that
   *     somebody else wrote; {@link #abort} must be called
   * @throws IllegalStateException if this commit is not under way, or the metadata is closed
   */
  public synchronized void finishCommit(Commit commit) throws IOException {
    requireUnderWay(commit);
    requireReadWrite("commit");
    if (commit.holdsChanges()) {
      try {
        onDisk.commit(commit.frozen);
      } catch (IOException e) {
        LOG.error("Metadata operation `commit' failed: error = {}", e.toString());
        throw e;
      }
      recordCommitted(commit.frozen);
      regionMap.forget(commit.frozen);
    }
    commitUnderWay = null;
  }

  private void recordCommitted(FrozenWords frozen) {
    int[] blocks = frozen.changedArrayBlocks();
    for (int i = 0; i < blocks.length; i++) {
      committedCounts.set(blocks[i], frozen.bitsWritten(i));
    }
    committedHydratedCount = committedCounts.total();
    usedBlocks = onDisk.superblock().allocatedBlocks();
  }

  /**
   * Gives up a commit, whichever of its steps failed: what was frozen waits for the next commit,
   * the map in memory stays as it is, and the transaction on the device never was.
   *
   * <p>The mode becomes {@link MetadataMode#READ_ONLY}, and {@link MetadataMode#FAIL} if block 0
   * cannot be read. If block 0 holds a superblock that somebody else wrote, the metadata stays
   * read-only for as long as it does: {@link #reopenReadWrite} refuses.
   *
   * @param commit the commit under way; ended
   * @throws IllegalStateException if this commit is not under way, or the metadata is closed
   */
  public synchronized void abort(Commit commit) {
    requireUnderWay(commit);
    LOG.warn("Aborting current metadata transaction");
    if (commit.frozen != null) {
      regionMap.thaw(commit.frozen.dirty());
    }
    commitUnderWay = null;
    try {
      if (!onDisk.holdsOwnSuperblock()) {
        LOG.error("The superblock was written by somebody else: metadata stays read-only");
      }
      switchTo(MetadataMode.READ_ONLY);
    } catch (IOException | RuntimeException | Error e) {
      LOG.error("Failed to abort metadata transaction", e);
      switchTo(MetadataMode.FAIL);
    }
  }

  private void requireUnderWay(Commit commit) {
    requireOpen();
    if (commit == null || commit != commitUnderWay) {
      throw new IllegalStateException("this commit is not under way: it was ended already");
    }
  }

  private void switchTo(MetadataMode next) {
    if (mode != next) {
      LOG.info("Switching to {} mode", next.description());
      mode = next;
    }
  }

  /**
   * Goes from {@link MetadataMode#READ_ONLY} back to {@link MetadataMode#READ_WRITE} once the
   * device works again. No effect if the mode is {@link MetadataMode#READ_WRITE}.
   *
   * @throws MetadataModeException if the mode is {@link MetadataMode#FAIL}, or the metadata was
   *     opened read-only
   * @throws IOException if the device fails still, or block 0 holds neither the superblock last
   *     written nor the one that the failed commit was about to write; the mode stays
   * @throws IllegalStateException if the metadata is closed
   */
  public synchronized void reopenReadWrite() throws IOException {
    requireOpen();
    if (mode == MetadataMode.READ_WRITE) {
      return;
    }
    if (mode == MetadataMode.FAIL || readOnlyForGood) {
      throw new MetadataModeException("reopen read-write", mode);
    }
    onDisk.resettle();
    switchTo(MetadataMode.READ_WRITE);
  }

  /**
   * Returns the number of metadata blocks in use by the last committed state.
   *
   * @return blocks of 4096 bytes
   */
  public long usedBlocks() {
    return usedBlocks;
  }

  /**
   * Returns the number of metadata blocks managed, fixed when the device was formatted.
   *
   * @return blocks of 4096 bytes
   */
  public long totalBlocks() {
    return totalBlocks;
  }

  /**
   * Frees the off-heap region map once {@link #isHydrationCommitted()}; from then on every region
   * is hydrated. The caller sees to it that no query of the map is running. Idempotent.
   *
   * @throws IllegalStateException if hydration is not committed, a commit is under way, or the
   *     metadata is closed
   */
  public synchronized void releaseRegionMap() {
    requireOpen();
    if (!isHydrationCommitted() || commitUnderWay != null) {
      throw new IllegalStateException(
          "the region map is still needed: "
              + committedHydratedCount
              + " of "
              + geometry.regionCount()
              + " regions are committed"
              + (commitUnderWay != null ? ", and a commit is under way" : ""));
    }
    mapReleased = true;
    regionMap.releaseAllHydrated();
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the metadata is closed");
    }
  }

  /**
   * Frees the region map and closes the metadata device; waits for a call that writes. Does not
   * commit: what is marked and not committed is forgotten. Idempotent.
   *
   * @throws IOException if the device could not be closed
   */
  @Override
  public synchronized void close() throws IOException {
    if (!closed) {
      closed = true;
      regionMap.close();
      device.close();
    }
  }

  /** A commit under way; see {@link CloneMetadata#beginCommit()}. */
  public static final class Commit {
    /** Null when the map was released: there is nothing left to commit. */
    private final FrozenWords frozen;

    private Commit(FrozenWords frozen) {
      this.frozen = frozen;
    }

    private boolean holdsChanges() {
      return frozen != null && !frozen.isEmpty();
    }
  }
}
