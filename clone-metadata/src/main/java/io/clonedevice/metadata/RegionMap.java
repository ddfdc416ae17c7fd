package io.clonedevice.metadata;

import java.nio.ByteBuffer;

/**
 * Which regions are hydrated: an off-heap bitmap, one bit a region, 1 = hydrated.
 *
 * <p>Read by any thread without locks; a bit that is seen set makes the region's bytes on the
 * destination visible (acquire). Changed only through {@link CloneMetadata#markHydrated}.
 *
 * <p>After {@link CloneMetadata#releaseRegionMap()} every region is hydrated; after {@link
 * CloneMetadata#close()} every query throws {@link IllegalStateException}. Either frees the bitmap,
 * so no query may be running at that moment.
 */
public final class RegionMap {
  private enum State {
    LIVE,
    ALL_HYDRATED,
    CLOSED
  }

  private final long regionCount;
  // Changed under the lock.
  private final RegionWords words;

  // Written under the lock, read by anybody.
  private volatile long hydratedCount;
  private volatile boolean uncommitted;
  private volatile State state = State.LIVE;

  // Guarded by the lock. What is marked goes to one set; the other is being committed, or empty.
  private DirtyWords dirty;
  private DirtyWords spare;

  /** Makes a map without a hydrated region. */
  RegionMap(RegionGeometry geometry) {
    this.regionCount = geometry.regionCount();
    this.words = new RegionWords(regionCount);
  }

  /**
   * Returns whether a region is hydrated.
   *
   * @param region index; {@code 0 <= region < regionCount}
   * @return whether its valid data is on the destination
   * @throws IndexOutOfBoundsException if there is no such region
   * @throws IllegalStateException if the metadata is closed
   */
  public boolean isHydrated(long region) {
    if (region < 0 || region >= regionCount) {
      throw new IndexOutOfBoundsException(
          "region " + region + ", the device has regions 0 to " + (regionCount - 1));
    }
    return !isLive() || words.isHydrated(region);
  }

  /**
   * Returns where the run of regions with the same state as the first one ends.
   *
   * @param firstRegion first region of the run
   * @param endRegion look no further than before this region; {@code firstRegion < endRegion}
   * @return index of the first region in {@code (firstRegion, endRegion)} whose state differs, else
   *     {@code endRegion}
   * @throws IndexOutOfBoundsException if a region is out of range
   * @throws IllegalStateException if the metadata is closed
   */
  public long endOfRun(long firstRegion, long endRegion) {
    checkRange(firstRegion, endRegion);
    if (!isLive()) {
      return endRegion;
    }
    // From the next one on: the first may be marked meanwhile, and a run is never empty.
    return words.next(firstRegion + 1, endRegion, !words.isHydrated(firstRegion));
  }

  /**
   * Returns how many regions from the first one on are in the same state, and in which. Regions may
   * be marked meanwhile: each of an unhydrated run was still unhydrated after this was called.
   *
   * @param firstRegion first region of the run
   * @param endRegion look no further than before this region; {@code firstRegion < endRegion}
   * @return length of the run, negative if its regions are unhydrated; never 0
   * @throws IndexOutOfBoundsException if a region is out of range
   * @throws IllegalStateException if the metadata is closed
   */
  public long signedRun(long firstRegion, long endRegion) {
    checkRange(firstRegion, endRegion);
    if (!isLive()) {
      return endRegion - firstRegion;
    }
    // The first region is looked at once: two looks may see it in two states.
    long nextHydrated = words.next(firstRegion, endRegion, true);
    return nextHydrated > firstRegion
        ? firstRegion - nextHydrated
        : words.next(firstRegion + 1, endRegion, false) - firstRegion;
  }

  private void checkRange(long firstRegion, long endRegion) {
    if (firstRegion < 0 || firstRegion >= endRegion || endRegion > regionCount) {
      throw new IndexOutOfBoundsException(
          "regions " + firstRegion + " to before " + endRegion + ", the device has " + regionCount);
    }
  }

  /**
   * Returns the first unhydrated region at or after a region; no wrap-around.
   *
   * @param fromRegion where to begin; {@code 0 <= fromRegion <= regionCount}
   * @return index, or {@code regionCount} if every one from there on is hydrated
   * @throws IndexOutOfBoundsException if the region is out of range
   * @throws IllegalStateException if the metadata is closed
   */
  public long nextUnhydrated(long fromRegion) {
    if (fromRegion < 0 || fromRegion > regionCount) {
      throw new IndexOutOfBoundsException(
          "region " + fromRegion + ", the device has " + regionCount);
    }
    return isLive() ? words.next(fromRegion, regionCount, false) : regionCount;
  }

  /**
   * Returns the number of hydrated regions, kept, not counted.
   *
   * @return 0 to regionCount
   */
  public long hydratedCount() {
    return hydratedCount;
  }

  /** Returns a word's value now; the map must be live. */
  long word(int index) {
    return words.word(index);
  }

  /** Returns a word's value when all of its regions are hydrated. */
  long fullWord(int index) {
    return words.fullWord(index);
  }

  /** Returns whether all regions of an array block are hydrated; the map must be live. */
  boolean isFull(int arrayBlock) {
    return words.isFull(arrayBlock);
  }

  private boolean isLive() {
    State now = state;
    if (now == State.CLOSED) {
      throw new IllegalStateException("the metadata is closed");
    }
    return now == State.LIVE;
  }

  // ---- filling, by one thread before the map is handed out

  /** Enters the words of an array block, and returns how many of their bits are set. */
  int load(int arrayBlock, ByteBuffer littleEndian) {
    return words.load(arrayBlock, littleEndian);
  }

  /** As {@link #load} for an array block whose bits are all set, or none. */
  int loadUniform(int arrayBlock, boolean hydrated) {
    return words.loadUniform(arrayBlock, hydrated);
  }

  /** Ends the filling; tells how many bits were set in all. */
  void loaded(long hydrated) {
    hydratedCount = hydrated;
  }

  /** Makes room for marks; without it, as for read-only use, nothing can be marked. */
  void allowMarks() {
    dirty = new DirtyWords(words.wordCount());
    spare = new DirtyWords(words.wordCount());
  }

  // ---- marks and commits

  /** Sets the bits of regions whose range was checked. */
  void mark(long firstRegion, long count) {
    long end = firstRegion + count;
    int lastBlock = RegionWords.blockOf((int) ((end - 1) >>> 6));
    for (int block = RegionWords.blockOf((int) (firstRegion >>> 6)); block <= lastBlock; block++) {
      // One array block at a time, so that nobody waits long for the lock.
      if (!markInBlock(block, firstRegion, end)) {
        return;
      }
    }
  }

  private synchronized boolean markInBlock(int arrayBlock, long firstRegion, long endRegion) {
    if (!isLive()) {
      return false;
    }
    int added = words.set(arrayBlock, firstRegion, endRegion, dirty);
    if (added != 0) {
      hydratedCount = hydratedCount + added;
      uncommitted = true;
    }
    return true;
  }

  /** Whether words are dirty, frozen by a commit under way or not. */
  boolean hasUncommittedWords() {
    return uncommitted;
  }

  /**
   * Swaps the dirty words and freezes the values of those swapped out. A bit that is set while this
   * runs may or may not be frozen; one that is set after it returned is not.
   */
  FrozenWords freeze() {
    DirtyWords swapped;
    synchronized (this) {
      assert spare.isEmpty() : "the spare set is dirty";
      swapped = dirty;
      dirty = spare;
      spare = swapped;
    }
    try {
      return new FrozenWords(this, swapped);
    } catch (RuntimeException | Error e) {
      thaw(swapped);
      throw e;
    }
  }

  /** The frozen words are committed. */
  synchronized void forget(FrozenWords frozen) {
    frozen.dirty().clear();
    uncommitted = !dirty.isEmpty();
  }

  /** The frozen words are not committed: they become dirty again. */
  synchronized void thaw(DirtyWords frozen) {
    dirty.addAll(frozen);
    frozen.clear();
  }

  /**
   * Copies the words of an array block; returns false, with the copy of no use, if a word that is
   * not frozen was marked since the freeze.
   */
  synchronized boolean copyUnlessMarkedSince(int arrayBlock, long[] copy, FrozenWords frozen) {
    int first = RegionWords.firstWordOf(arrayBlock);
    for (int w = dirty.nextWord(arrayBlock, first); w >= 0; w = dirty.nextWord(arrayBlock, w + 1)) {
      if (!frozen.dirty().isDirty(w)) {
        return false;
      }
    }
    int end = words.endOf(arrayBlock);
    for (int word = first; word < end; word++) {
      copy[word - first] = words.word(word);
    }
    return true;
  }

  // ---- the end

  /** Frees the memory; from now on every region counts as hydrated. */
  synchronized void releaseAllHydrated() {
    if (state == State.LIVE) {
      state = State.ALL_HYDRATED;
      uncommitted = false;
      free();
    }
  }

  /** Frees the memory; from now on queries throw. */
  synchronized void close() {
    if (state == State.LIVE) {
      state = State.CLOSED;
      free();
    }
    state = State.CLOSED;
  }

  private void free() {
    words.release();
    if (dirty != null) {
      dirty.release();
    }
    if (spare != null) {
      spare.release();
    }
  }
}
