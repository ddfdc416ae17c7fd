package io.clonedevice.metadata;

import io.clonedevice.metadata.persistent.MetadataLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.openhft.chronicle.bytes.BytesStore;

/**
 * The bits of all regions, 1 = hydrated, in the words and array blocks of the format.
 *
 * <p>Beside the words there is the number of hydrated regions in each array block. Where it says
 * that none or all are, nobody looks at the words, and nobody needs to have written them:
 *
 * <pre>
 *   counts   [     0      |   32576   |    17     |     0      ]
 *   words    | undefined  | undefined | 0..1011.. | undefined  |
 * </pre>
 *
 * So memory is touched for the array blocks that are hydrated in part only, and a search passes a
 * uniform array block in one step.
 *
 * <p>Any thread may query. One thread at a time may change something, which is the caller's care.
 */
final class RegionWords {
  private static final VarHandle COUNTS = MethodHandles.arrayElementVarHandle(short[].class);
  private static final int BLOCK_BYTES = 8 * MetadataLayout.WORDS_PER_ARRAY_BLOCK;
  private static final int REGIONS_PER_BLOCK = 64 * MetadataLayout.WORDS_PER_ARRAY_BLOCK;

  private final long regionCount;
  private final int wordCount;
  private final long lastWordMask;

  // Written with release by the one that changes, after the words; read by anybody with acquire,
  // before them. Edge: neither none nor all -> the words are defined.
  private final short[] counts;

  // Written with release, read with acquire. Edge, as that of the counts: a bit that is seen -> the
  // destination's bytes, which were complete before it was set.
  private final BytesStore<?, Void> words;

  private final byte[] loaded = new byte[BLOCK_BYTES];

  /** Makes words without a hydrated region. */
  RegionWords(long regionCount) {
    this.regionCount = regionCount;
    this.wordCount = MetadataLayout.wordCount(regionCount);
    int tail = (int) (regionCount & 63);
    this.lastWordMask = tail == 0 ? -1L : ~(-1L << tail);
    this.counts = new short[MetadataLayout.arrayBlockCount(regionCount)];
    this.words = OffHeapMemory.allocateUninitialised(8L * wordCount);
  }

  int wordCount() {
    return wordCount;
  }

  static int blockOf(int word) {
    return word / MetadataLayout.WORDS_PER_ARRAY_BLOCK;
  }

  static int firstWordOf(int block) {
    return block * MetadataLayout.WORDS_PER_ARRAY_BLOCK;
  }

  /** Returns the index past the last word of an array block. */
  int endOf(int block) {
    return Math.min(firstWordOf(block + 1), wordCount);
  }

  private int regionsIn(int block) {
    return (int) Math.min(REGIONS_PER_BLOCK, regionCount - (long) block * REGIONS_PER_BLOCK);
  }

  // ---- queries

  int hydratedIn(int block) {
    return (short) COUNTS.getAcquire(counts, block);
  }

  boolean isFull(int block) {
    return hydratedIn(block) == regionsIn(block);
  }

  boolean isHydrated(long region) {
    return (word((int) (region >>> 6)) >>> region & 1) != 0;
  }

  /** Returns the 64 bits of a word; bits past the last region are 0. */
  long word(int index) {
    int block = blockOf(index);
    int hydrated = hydratedIn(block);
    if (hydrated == 0) {
      return 0;
    }
    return hydrated == regionsIn(block) ? fullWord(index) : definedWord(index);
  }

  /** Returns a word's value when all of its regions are hydrated. */
  long fullWord(int index) {
    return index == wordCount - 1 ? lastWordMask : -1L;
  }

  private long definedWord(int index) {
    return words.readVolatileLong(offsetOf(index));
  }

  /** Returns the first region in {@code [from, end)} of the given state, else {@code end}. */
  long next(long from, long end, boolean hydrated) {
    for (long region = from; region < end; ) {
      int block = (int) (region / REGIONS_PER_BLOCK);
      long endOfBlock = Math.min(end, (block + 1L) * REGIONS_PER_BLOCK);
      int count = hydratedIn(block);
      if (count == (hydrated ? regionsIn(block) : 0)) {
        return region;
      }
      if (count != (hydrated ? 0 : regionsIn(block))) {
        region = nextInDefinedWords(region, endOfBlock, hydrated);
        if (region < endOfBlock) {
          return region;
        }
      }
      region = endOfBlock;
    }
    return end;
  }

  private long nextInDefinedWords(long from, long end, boolean hydrated) {
    long flip = hydrated ? 0 : -1L;
    long mask = -1L << from;
    for (long region = from & ~63L; region < end; region += 64) {
      long matches = (definedWord((int) (region >>> 6)) ^ flip) & mask;
      if (matches != 0) {
        return Math.min(end, region + Long.numberOfTrailingZeros(matches));
      }
      mask = -1L;
    }
    return end;
  }

  // ---- changes

  /**
   * Enters the words of an array block, little endian, as they are in the committed state; returns
   * how many of their regions are hydrated. Bits past the last region must be 0.
   */
  int load(int block, ByteBuffer littleEndian) {
    int count = 0;
    int bytes = littleEndian.limit();
    for (int i = 0; i < bytes; i += 8) {
      count += Long.bitCount(littleEndian.getLong(i));
    }
    if (count != 0 && count != regionsIn(block)) {
      define(block, littleEndian);
    }
    COUNTS.setRelease(counts, block, (short) count);
    return count;
  }

  /** As {@link #load} for an array block whose regions are all hydrated, or none. */
  int loadUniform(int block, boolean hydrated) {
    int count = hydrated ? regionsIn(block) : 0;
    COUNTS.setRelease(counts, block, (short) count);
    return count;
  }

  private void define(int block, ByteBuffer littleEndian) {
    long offset = offsetOf(firstWordOf(block));
    if (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      // By way of an array: Chronicle gets at a direct buffer's memory by a JVM option only.
      littleEndian.get(0, loaded, 0, littleEndian.limit());
      words.write(offset, loaded, 0, littleEndian.limit());
    } else {
      for (int i = 0; i < littleEndian.limit(); i += 8) {
        words.writeLong(offset + i, littleEndian.getLong(i));
      }
    }
  }

  /**
   * Sets bits in one array block, those of {@code [firstRegion, endRegion)} that are in it; returns
   * how many were not set. Words that changed go to {@code dirty}.
   */
  int set(int block, long firstRegion, long endRegion, DirtyWords dirty) {
    long start = (long) block * REGIONS_PER_BLOCK;
    int from = (int) (Math.max(firstRegion, start) - start);
    int end = (int) Math.min(endRegion - start, regionsIn(block));
    int before = hydratedIn(block);
    int after;
    if (before == regionsIn(block)) {
      return 0;
    } else if (before == 0 && end - from == regionsIn(block)) {
      after = end;
      dirty.setBlock(block);
    } else {
      if (before == 0) {
        words.zeroOut(offsetOf(firstWordOf(block)), offsetOf(endOf(block)));
      }
      after = before + setDefined(start + from, start + end, dirty);
    }
    COUNTS.setRelease(counts, block, (short) after);
    return after - before;
  }

  private int setDefined(long firstRegion, long endRegion, DirtyWords dirty) {
    int added = 0;
    int endWord = (int) ((endRegion + 63) >>> 6);
    for (int word = (int) (firstRegion >>> 6); word < endWord; word++) {
      long firstOfWord = (long) word << 6;
      long mask = -1L;
      if (firstOfWord < firstRegion) {
        mask = -1L << firstRegion;
      }
      if (firstOfWord + 64 > endRegion) {
        mask &= ~(-1L << endRegion);
      }
      long old = words.readLong(offsetOf(word));
      long now = old | mask;
      if (now != old) {
        words.writeOrderedLong(offsetOf(word), now);
        dirty.set(word);
        added += Long.bitCount(now ^ old);
      }
    }
    return added;
  }

  void release() {
    OffHeapMemory.release(words);
  }

  private static long offsetOf(int word) {
    return (long) word << 3;
  }
}
