package io.clonedevice.crash;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * What each sector of the device may read as after a power cut now: the last value that is durable
 * for sure, every value that came with it or after it, and nothing else.
 *
 * <p>A value gives way to another one when that is durable and was submitted after the first one
 * had been acknowledged; of two that were under way together either may be the last.
 */
final class LegalSectors {
  static final int SECTOR = 512;

  private static final long NOT_YET = Long.MAX_VALUE;

  private final List<List<Change>> legal = new ArrayList<>();
  private final List<Change> everything = new ArrayList<>();
  private long now;
  private long version;

  /** New contents of some sectors, by one request. */
  static final class Change {
    private final int firstSector;
    private final int sectorCount;
    private final byte[] bytes;
    private final long submitted;
    private long acknowledged = NOT_YET;

    /**
     * @param bytes {@code null} for a discard after which the sectors hold whatever the destination
     *     held before
     */
    private Change(int firstSector, int sectorCount, byte[] bytes, long submitted) {
      this.firstSector = firstSector;
      this.sectorCount = sectorCount;
      this.bytes = bytes;
      this.submitted = submitted;
    }

    private boolean holds(int sector, byte[] device) {
      int inChange = (sector - firstSector) * SECTOR;
      return Arrays.equals(
          device, sector * SECTOR, (sector + 1) * SECTOR, bytes, inChange, inChange + SECTOR);
    }

    private boolean covers(int sector) {
      return sector >= firstSector && sector < firstSector + sectorCount;
    }
  }

  /**
   * @param device what every sector reads as, durably
   * @param underneath what the destination may hold besides, seen after some discards
   */
  LegalSectors(byte[] device, List<byte[]> underneath) {
    int sectors = device.length / SECTOR;
    Change initial = new Change(0, sectors, device, 0);
    initial.acknowledged = 0;
    for (int sector = 0; sector < sectors; sector++) {
      List<Change> values = new ArrayList<>(2);
      values.add(initial);
      legal.add(values);
    }
    everything.add(initial);
    underneath.forEach(bytes -> everything.add(new Change(0, sectors, bytes, 0)));
  }

  /** What is legal when the power comes back and every sector was read: what was found. */
  LegalSectors after(byte[] found) {
    LegalSectors next = new LegalSectors(found, List.of());
    next.everything.addAll(everything);
    return next;
  }

  /** Changes whenever something ceases to be legal. */
  long version() {
    return version;
  }

  long now() {
    return ++now;
  }

  Change submit(int firstSector, int sectorCount, byte[] bytes) {
    Change change = new Change(firstSector, sectorCount, bytes, now());
    for (int sector = firstSector; sector < firstSector + sectorCount; sector++) {
      legal.get(sector).add(change);
    }
    if (bytes != null) {
      everything.add(change);
    }
    return change;
  }

  void acknowledge(Change change) {
    change.acknowledged = now();
  }

  /** What was acknowledged by an instant is durable. */
  void durableUntil(long instant) {
    legal.forEach(values -> forgetBefore(values, lastOf(values, instant)));
  }

  /** An acknowledged change is durable. */
  void durable(Change change) {
    for (int i = 0; i < change.sectorCount; i++) {
      forgetBefore(legal.get(change.firstSector + i), change.submitted);
    }
  }

  private static long lastOf(List<Change> values, long instant) {
    long last = 0;
    for (Change value : values) {
      if (value.acknowledged <= instant) {
        last = Math.max(last, value.submitted);
      }
    }
    return last;
  }

  private void forgetBefore(List<Change> values, long submitted) {
    if (values.size() > 1 && values.removeIf(value -> value.acknowledged < submitted)) {
      version++;
    }
  }

  /** The first sector of the device that reads as it must not; -1 if there is none. */
  int firstIllegal(byte[] device) {
    for (int sector = 0; sector < legal.size(); sector++) {
      if (!isLegal(sector, device)) {
        return sector;
      }
    }
    return -1;
  }

  private boolean isLegal(int sector, byte[] device) {
    List<Change> values = legal.get(sector);
    for (int i = values.size() - 1; i >= 0; i--) {
      Change value = values.get(i);
      if (value.bytes == null ? everHeld(sector, device) : value.holds(sector, device)) {
        return true;
      }
    }
    return false;
  }

  private boolean everHeld(int sector, byte[] device) {
    for (Change change : everything) {
      if (change.covers(sector) && change.holds(sector, device)) {
        return true;
      }
    }
    return false;
  }

  String describe(int sector, byte[] device) {
    StringBuilder text =
        new StringBuilder("reads as ").append(begin(device, sector)).append(", not");
    for (Change value : legal.get(sector)) {
      text.append(' ')
          .append(
              value.bytes == null
                  ? "as anything it held before"
                  : begin(value.bytes, sector - value.firstSector));
    }
    return text.toString();
  }

  private static String begin(byte[] bytes, int sector) {
    return HexFormat.of().formatHex(bytes, sector * SECTOR, sector * SECTOR + 4);
  }
}
