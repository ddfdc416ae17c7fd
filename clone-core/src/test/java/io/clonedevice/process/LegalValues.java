package io.clonedevice.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.process.Journal.Entry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What may be found after a process was killed, as its journal tells.
 *
 * <p>The page cache outlives the process, so this is more than a device promises after a power cut:
 *
 * <ol>
 *   <li>A region that the metadata on disk calls hydrated holds all that was acknowledged, durable
 *       or not, and of what was in flight any of the sectors.
 *   <li>All other regions read as the source.
 *   <li>A region is hydrated on disk if it was so before, if it was changed before a flush was
 *       begun that was acknowledged, or if it was written durably.
 * </ol>
 */
final class LegalValues {
  private static final int NONE = -2;

  // By sector: who wrote it, acknowledged, and who may have.
  private final int[] acknowledged = new int[CloneOnFiles.SECTORS];
  private final int[] inFlight = new int[CloneOnFiles.SECTORS];

  private final BitSet changedRegions = new BitSet();
  private final BitSet durableRegions = new BitSet();
  private final Map<Integer, Entry> changes = new HashMap<>();
  private final Map<Integer, BitSet> flushes = new HashMap<>();
  private int lastRequest = SectorContent.SOURCE;
  private long acknowledgedCount;

  LegalValues() {
    Arrays.fill(acknowledged, SectorContent.SOURCE);
    Arrays.fill(inFlight, NONE);
  }

  int lastRequest() {
    return lastRequest;
  }

  long acknowledgedCount() {
    return acknowledgedCount;
  }

  void learn(Entry entry) {
    lastRequest = Math.max(lastRequest, entry.request());
    switch (entry.kind()) {
      case OPENING -> forgetRequests(); // the one before died with them
      case WRITE -> begin(entry, entry.request());
      case DISCARD -> begin(entry, SectorContent.ZEROES);
      case FLUSH -> flushes.put(entry.request(), (BitSet) changedRegions.clone());
      case DONE, DONE_DURABLY -> end(entry);
      case WRONG, FAILED -> throw new AssertionError("the process says " + entry);
      default -> {}
    }
  }

  private void begin(Entry change, int writer) {
    changes.put(change.request(), change);
    Arrays.fill(
        inFlight, change.firstSector(), change.firstSector() + change.sectorCount(), writer);
  }

  private void end(Entry done) {
    acknowledgedCount++;
    BitSet flushed = flushes.remove(done.request());
    if (flushed != null) {
      durableRegions.or(flushed);
      return;
    }
    Entry change = changes.remove(done.request());
    int first = change.firstSector();
    int end = first + change.sectorCount();
    System.arraycopy(inFlight, first, acknowledged, first, end - first);
    Arrays.fill(inFlight, first, end, NONE);
    int firstRegion = first / CloneOnFiles.REGION_SECTORS;
    int endRegion = (end - 1) / CloneOnFiles.REGION_SECTORS + 1;
    changedRegions.set(firstRegion, endRegion);
    if (done.kind() == Journal.Kind.DONE_DURABLY) {
      durableRegions.set(firstRegion, endRegion);
    }
  }

  /**
   * Checks what was found after a death, and takes it for the beginning of the next life.
   *
   * @param hydrated what the metadata on disk says
   * @param found the bytes of the whole device
   * @param mayTear whether a sector may be found half written
   * @return what is wrong
   */
  List<String> settle(BitSet hydrated, ByteBuffer found, boolean mayTear) {
    BitSet missing = (BitSet) durableRegions.clone();
    missing.andNot(hydrated);
    assertThat(missing.toString()).as("regions lost that were durably hydrated").isEqualTo("{}");
    List<String> wrong = new ArrayList<>();
    for (int sector = 0; sector < CloneOnFiles.SECTORS; sector++) {
      int position = sector * SectorContent.SECTOR;
      int writer = SectorContent.writerOf(found, position, sector);
      boolean onDestination = hydrated.get(sector / CloneOnFiles.REGION_SECTORS);
      int last = onDestination ? acknowledged[sector] : SectorContent.SOURCE;
      int pending = onDestination ? inFlight[sector] : NONE;
      boolean torn =
          writer == SectorContent.TORN
              && mayTear
              && pending != NONE
              && SectorContent.isMixOf(found, position, sector, last, pending);
      if (writer != last && writer != pending && !torn) {
        wrong.add(
            "sector %d of a region that is %shydrated is of request %d, not of %d or %d"
                .formatted(sector, onDestination ? "" : "not ", writer, last, pending));
      }
      acknowledged[sector] = writer;
    }
    durableRegions.or(hydrated);
    Arrays.fill(inFlight, NONE);
    return wrong;
  }

  private void forgetRequests() {
    changedRegions.clear();
    changes.clear();
    flushes.clear();
  }

  /** What the whole device must hold when nothing is in flight. */
  void assertHeldBy(ByteBuffer found) {
    for (int sector = 0; sector < CloneOnFiles.SECTORS; sector++) {
      assertThat(SectorContent.writerOf(found, sector * SectorContent.SECTOR, sector))
          .as("writer of sector %d", sector)
          .isEqualTo(acknowledged[sector]);
    }
  }
}
