package io.clonedevice.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the sectors of a device may hold: now, and if everything since the last good flush is lost.
 * A request that failed leaves each of its sectors old or new; the next read tells which.
 */
final class LegalBytes {
  private static final int SECTOR = 512;

  private final List<List<byte[]>> now = new ArrayList<>();
  private final List<List<byte[]>> durable = new ArrayList<>();

  LegalBytes(byte[] content) {
    for (int at = 0; at < content.length; at += SECTOR) {
      byte[] value = Arrays.copyOfRange(content, at, at + SECTOR);
      now.add(new ArrayList<>(List.of(value)));
      durable.add(new ArrayList<>(List.of(value)));
    }
  }

  int size() {
    return now.size() * SECTOR;
  }

  void written(long offset, byte[] data) {
    changed(offset, data, true);
  }

  /** The range was written in part, or not at all. */
  void maybeWritten(long offset, byte[] data) {
    changed(offset, data, false);
  }

  private void changed(long offset, byte[] data, boolean surely) {
    for (int i = 0; i < data.length / SECTOR; i++) {
      int sector = (int) (offset / SECTOR) + i;
      byte[] value = Arrays.copyOfRange(data, i * SECTOR, (i + 1) * SECTOR);
      if (surely) {
        now.get(sector).clear();
      }
      now.get(sector).add(value);
      durable.get(sector).add(value);
    }
  }

  /** What may be there now is all that may be found later. */
  void flushed() {
    flushed(0, size());
  }

  void flushed(long offset, int length) {
    for (int sector = (int) (offset / SECTOR); sector < (offset + length) / SECTOR; sector++) {
      durable.set(sector, new ArrayList<>(now.get(sector)));
    }
  }

  /** The bytes were read, so now it is known what is there. */
  void read(long offset, byte[] found) {
    for (int i = 0; i < found.length / SECTOR; i++) {
      List<byte[]> legal = now.get((int) (offset / SECTOR) + i);
      byte[] value = oneOf(legal, offset + i * SECTOR, found, i);
      legal.clear();
      legal.add(value);
    }
  }

  /** The device was opened anew after it could not be closed well. */
  void readAfterLoss(byte[] found) {
    for (int sector = 0; sector < durable.size(); sector++) {
      oneOf(durable.get(sector), sector * (long) SECTOR, found, sector);
    }
  }

  private static byte[] oneOf(List<byte[]> legal, long offset, byte[] found, int index) {
    byte[] value = Arrays.copyOfRange(found, index * SECTOR, (index + 1) * SECTOR);
    assertThat(legal.stream().anyMatch(each -> Arrays.equals(each, value)))
        .as(
            "sector at byte %d, begins %d, is one of %d legal values",
            offset, value[0], legal.size())
        .isTrue();
    return value;
  }
}
