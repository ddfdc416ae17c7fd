package io.clonedevice.metadata;

import io.clonedevice.metadata.persistent.MetadataLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.openhft.chronicle.bytes.BytesStore;

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
  private final int wordCount;
  private final long lastWordMask;

  // Words: written under the lock, with release, by markers; read by anybody with acquire. Edge: a
  // bit that is seen -> the destination's bytes, which were complete before it was marked.
  private final BytesStore<?, Void> bits;

  // Written under the lock, read by anybody.
  private volatile long hydratedCount;
  private volatile boolean uncommitted;
  private volatile State state = State.LIVE;

  // Guarded by the lock. What is marked goes to one set; the other is being committed, or empty.
  private DirtyWords dirty;
  private DirtyWords spare;

  /** Makes a map whose words are undefined until {@link #clearAll} or {@link #load}. */
  RegionMap(RegionGeometry geometry) {
    this.regionCount = geometry.regionCount();
    this.wordCount = MetadataLayout.wordCount(regionCount);
    int tail = (int) (regionCount & 63);
    this.lastWordMask = tail == 0 ? -1L : ~(-1L << tail);
    this.bits = OffHeapMemory.allocateUninitialised(8L * wordCount);
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
    return !isLive() || (word((int) (region >>> 6)) >>> region & 1) != 0;
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
    if (firstRegion < 0 || firstRegion >= endRegion || endRegion > regionCount) {
      throw new IndexOutOfBoundsException(
          "regions " + firstRegion + " to before " + endRegion + ", the device has " + regionCount);
    }
    if (!isLive()) {
      return endRegion;
    }
    long state = word((int) (firstRegion >>> 6)) >>> firstRegion & 1;
    return nextBit(firstRegion, endRegion, state == 0);
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
    return isLive() ? nextBit(fromRegion, regionCount, false) : regionCount;
  }

  /** Returns the first region in [from, end) whose bit is as given, else end. */
  private long nextBit(long from, long end, boolean wanted) {
    long flip = wanted ? 0 : -1L;
    long mask = -1L << from;
    for (long region = from & ~63L; region < end; region += 64) {
      long matches = (word((int) (region >>> 6)) ^ flip) & mask;
      if (matches != 0) {
        return Math.min(end, region + Long.numberOfTrailingZeros(matches));
      }
      mask = -1L;
    }
    return end;
  }

  /**
   * Returns the number of hydrated regions, kept, not counted.
   *
   * @return 0 to regionCount
   */
  public long hydratedCount() {
    return hydratedCount;
  }

  /** Reads a word with acquire; the map must be live. */
  long word(int index) {
    return bits.readVolatileLong((long) index << 3);
  }

  /** Returns a word's value when all of its regions are hydrated. */
  long fullWord(int index) {
    return index == wordCount - 1 ? lastWordMask : -1L;
  }

  int wordCount() {
    return wordCount;
  }

  private boolean isLive() {
    State now = state;
    if (now == State.CLOSED) {
      throw new IllegalStateException("the metadata is closed");
    }
    return now == State.LIVE;
  }

  // ---- filling, before the map is handed out

  void clearAll() {
    bits.zeroOut(0, bits.capacity());
  }

  /** Enters the words of an array block, and returns how many of their bits are set. */
  synchronized int load(int arrayBlock, ByteBuffer words) {
    long offset = (long) DirtyWords.firstWordOf(arrayBlock) << 3;
    int count = 0;
    for (int i = 0; i < words.limit(); i += 8) {
      count += Long.bitCount(words.getLong(i));
    }
    if (ByteOrder.nativeOrder() == words.order()) {
      byte[] raw = new byte[words.limit()];
      words.get(0, raw);
      bits.write(offset, raw, 0, raw.length);
    } else {
      for (int i = 0; i < words.limit(); i += 8) {
        bits.writeLong(offset + i, words.getLong(i));
      }
    }
    hydratedCount = hydratedCount + count;
    return count;
  }

  /** Makes room for marks; without it, as for read-only use, nothing can be marked. */
  void allowMarks() {
    dirty = new DirtyWords(wordCount);
    spare = new DirtyWords(wordCount);
  }

  // ---- marks and commits

  /** Sets the bits of regions whose range was checked. */
  void mark(long firstRegion, long count) {
    long end = firstRegion + count;
    long endWord = (end + 63) >>> 6;
    for (long word = firstRegion >>> 6; word < endWord; ) {
      // One array block at a time, so that nobody waits long for the lock.
      long stop = Math.min(endWord, word + MetadataLayout.WORDS_PER_ARRAY_BLOCK);
      if (!markWords((int) word, (int) stop, firstRegion, end)) {
        return;
      }
      word = stop;
    }
  }

  private synchronized boolean markWords(int from, int to, long firstRegion, long endRegion) {
    if (!isLive()) {
      return false;
    }
    long added = 0;
    for (int word = from; word < to; word++) {
      long firstOfWord = (long) word << 6;
      long mask = -1L;
      if (firstOfWord < firstRegion) {
        mask = -1L << firstRegion;
      }
      if (firstOfWord + 64 > endRegion) {
        mask &= ~(-1L << endRegion);
      }
      long old = bits.readLong((long) word << 3);
      long now = old | mask;
      if (now != old) {
        bits.writeOrderedLong((long) word << 3, now);
        dirty.set(word);
        added += Long.bitCount(now ^ old);
      }
    }
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
  synchronized boolean copyUnlessMarkedSince(int arrayBlock, long[] words, FrozenWords frozen) {
    int first = DirtyWords.firstWordOf(arrayBlock);
    int end = dirty.endOf(arrayBlock);
    if (dirty.isBlockDirty(arrayBlock)) {
      for (int w = dirty.nextWord(first, end); w >= 0; w = dirty.nextWord(w + 1, end)) {
        if (!frozen.dirty().isDirty(w)) {
          return false;
        }
      }
    }
    for (int word = first; word < end; word++) {
      words[word - first] = bits.readLong((long) word << 3);
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
    OffHeapMemory.release(bits);
    if (dirty != null) {
      dirty.release();
    }
    if (spare != null) {
      spare.release();
    }
  }
}
