package io.clonedevice.process;

import java.util.BitSet;
import java.util.Random;

/** Which sectors have a request in flight. Thread-safe. */
final class SectorRanges {
  private final BitSet taken = new BitSet(); // guarded by this
  private final int firstRegion;
  private final int regionCount;

  /** Ranges that lie in a part of the device, chosen by chance, so that others stay untouched. */
  SectorRanges(Random random) {
    regionCount = CloneOnFiles.REGIONS / (1 << random.nextInt(5));
    firstRegion = random.nextInt(CloneOnFiles.REGIONS - regionCount + 1);
  }

  record Range(int first, int count) {
    long offset() {
      return (long) first * SectorContent.SECTOR;
    }

    long length() {
      return (long) count * SectorContent.SECTOR;
    }
  }

  /** Takes a range of whole blocks, as often a part of a region as several of them. */
  Range take(Random random, int blockSectors) {
    while (true) {
      if (random.nextInt(4) == 0) {
        return takeRegions(random);
      }
      int first = firstSector(random) + random.nextInt(CloneOnFiles.REGION_SECTORS);
      int count = 1 + random.nextInt(1 << random.nextInt(8));
      Range range = cut(first / blockSectors * blockSectors, count * blockSectors);
      if (tryTake(range)) {
        return range;
      }
    }
  }

  /** Takes one to four whole regions. */
  Range takeRegions(Random random) {
    while (true) {
      int regions = 1 + random.nextInt(4);
      Range range = cut(firstSector(random), regions * CloneOnFiles.REGION_SECTORS);
      if (tryTake(range)) {
        return range;
      }
    }
  }

  private int firstSector(Random random) {
    return (firstRegion + random.nextInt(regionCount)) * CloneOnFiles.REGION_SECTORS;
  }

  private static Range cut(int first, int count) {
    int start = Math.min(first, CloneOnFiles.SECTORS - 8);
    return new Range(start, Math.min(count, CloneOnFiles.SECTORS - start));
  }

  private synchronized boolean tryTake(Range range) {
    int next = taken.nextSetBit(range.first());
    if (next >= 0 && next < range.first() + range.count()) {
      return false;
    }
    taken.set(range.first(), range.first() + range.count());
    return true;
  }

  synchronized void giveBack(Range range) {
    taken.clear(range.first(), range.first() + range.count());
  }
}
