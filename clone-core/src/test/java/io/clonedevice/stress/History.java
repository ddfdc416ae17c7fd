package io.clonedevice.stress;

import io.clonedevice.stress.RegisterOperation.Kind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What was read from and written to the sectors of a device, each a register, in one order of
 * invocations and responses.
 *
 * <p>A sector is filled with one number that says who wrote it and that it belongs there, so a torn
 * or misplaced sector is a value that nobody wrote. Thread-safe.
 */
final class History {
  static final int SECTOR_SIZE = 512;

  /** What a discarded sector holds. */
  static final long DISCARDED = 0;

  private static final long TORN = Long.MIN_VALUE;
  private static final int SECTOR_BITS = 16;

  private final int sectors;
  private final AtomicLong clock = new AtomicLong();
  private final AtomicLong nextWriter = new AtomicLong(1);
  private final Queue<Access> accesses = new ConcurrentLinkedQueue<>();

  private record Access(Kind kind, int firstSector, long[] values, long invoked, long responded) {}

  History(int sectors) {
    this.sectors = sectors;
  }

  /** Returns the next instant. */
  long tick() {
    return clock.incrementAndGet();
  }

  /** Returns what the source holds at first, as bytes. */
  byte[] initialContent() {
    ByteBuffer content = ByteBuffer.allocate(sectors * SECTOR_SIZE);
    for (int sector = 0; sector < sectors; sector++) {
      fill(content, initialValue(sector));
    }
    return content.array();
  }

  private static long initialValue(int sector) {
    return -1L - sector;
  }

  /** Returns sectors that nobody has written yet. */
  static ByteBuffer newData(long[] values) {
    ByteBuffer data = ByteBuffer.allocate(values.length * SECTOR_SIZE);
    for (long value : values) {
      fill(data, value);
    }
    return data.flip();
  }

  private static void fill(ByteBuffer target, long value) {
    for (int i = 0; i < SECTOR_SIZE; i += Long.BYTES) {
      target.putLong(value);
    }
  }

  /** Returns values for a write, unlike all others. */
  long[] newValues(int firstSector, int count) {
    long writer = nextWriter.getAndIncrement();
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = writer << SECTOR_BITS | firstSector + i;
    }
    return values;
  }

  static long[] valuesOf(ByteBuffer data) {
    long[] values = new long[data.capacity() / SECTOR_SIZE];
    for (int i = 0; i < values.length; i++) {
      values[i] = data.getLong(i * SECTOR_SIZE);
      for (int at = i * SECTOR_SIZE; at < (i + 1) * SECTOR_SIZE; at += Long.BYTES) {
        if (data.getLong(at) != values[i]) {
          values[i] = TORN;
          break;
        }
      }
    }
    return values;
  }

  /** Enters an operation that has ended by now. */
  void ended(Kind kind, int firstSector, long[] values, long invoked) {
    accesses.add(new Access(kind, firstSector, values, invoked, tick()));
  }

  int size() {
    return accesses.size();
  }

  int sectors() {
    return sectors;
  }

  List<RegisterOperation> of(int sector) {
    List<RegisterOperation> operations = new ArrayList<>();
    for (Access access : accesses) {
      int index = sector - access.firstSector();
      if (index >= 0 && index < access.values().length) {
        operations.add(
            new RegisterOperation(
                access.kind(), access.values()[index], access.invoked(), access.responded()));
      }
    }
    return operations;
  }

  /** Returns what no device that is a sequence of registers could have shown. */
  Optional<String> violation() {
    for (int sector = 0; sector < sectors; sector++) {
      Optional<String> found = RegisterCheck.violation(initialValue(sector), of(sector));
      if (found.isPresent()) {
        int where = sector;
        return found.map(text -> "sector " + where + ": " + text);
      }
    }
    return Optional.empty();
  }

  /**
   * What a crash at some instant must not have lost.
   *
   * @param flushed writes that had ended before this instant
   * @param firstSector first sector of one durable write
   * @param sectorCount how many sectors it had; may be 0
   * @param written when that write was invoked
   */
  record Durable(long flushed, int firstSector, int sectorCount, long written) {}

  /**
   * Returns which sector, as found after a crash, is older than it may be.
   *
   * @param found the values of all sectors
   */
  Optional<String> loss(long[] found, Durable durable) {
    for (int sector = 0; sector < sectors; sector++) {
      List<RegisterOperation> operations = of(sector);
      int index = sector - durable.firstSector();
      long newest =
          operations.stream()
              .filter(one -> one.kind() == Kind.WRITE && one.responded() < durable.flushed())
              .mapToLong(RegisterOperation::invoked)
              .max()
              .orElse(-1);
      if (index >= 0 && index < durable.sectorCount()) {
        newest = Math.max(newest, durable.written());
      }
      if (!mayBe(found[sector], sector, operations, newest)) {
        return Optional.of(
            "sector %d reads %d after a crash: nobody's, or older than the durable write of %d"
                .formatted(sector, found[sector], newest));
      }
    }
    return Optional.empty();
  }

  private static boolean mayBe(
      long value, int sector, List<RegisterOperation> operations, long durableWrite) {
    return (durableWrite < 0 && value == initialValue(sector))
        || operations.stream()
            .anyMatch(
                one -> !one.isRead() && one.value() == value && one.responded() > durableWrite);
  }
}
