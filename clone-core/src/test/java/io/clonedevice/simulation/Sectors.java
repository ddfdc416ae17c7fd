package io.clonedevice.simulation;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.Arrays;

/** What stands in a sector: who wrote it and which sector it is, all over; zeroes for a zero. */
final class Sectors {
  static final int SIZE = 512;
  static final int LONGS = SIZE / Long.BYTES;
  static final int ZERO = 0;
  static final int SOURCE = 1;
  static final int GARBAGE = 2;
  static final int FIRST_WRITE = 3;

  /** Nobody's bytes. */
  static final int TORN = -2;

  private Sectors() {}

  static ByteBuffer filled(int stamp, long firstSector, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count * SIZE);
    put(bytes, stamp, firstSector);
    return bytes.rewind().order(ByteOrder.nativeOrder());
  }

  /** Fills a buffer of whole sectors from position to limit. */
  static void put(ByteBuffer bytes, int stamp, long firstSector) {
    LongBuffer longs = bytes.duplicate().order(ByteOrder.nativeOrder()).asLongBuffer();
    long[] sector = new long[LONGS];
    for (long number = firstSector; longs.hasRemaining(); number++) {
      Arrays.fill(sector, value(stamp, number));
      longs.put(sector);
    }
    bytes.position(bytes.limit());
  }

  /** Who wrote a sector. */
  static int stampOf(ByteBuffer bytes, int index, long sector) {
    bytes.order(ByteOrder.nativeOrder());
    long first = bytes.getLong(index);
    long last = bytes.getLong(index + SIZE - Long.BYTES);
    long middle = bytes.getLong(index + SIZE / 2);
    if (first != last || first != middle) {
      return TORN;
    }
    int stamp = (int) (first >>> 32);
    return first == value(stamp, sector) ? stamp : TORN;
  }

  private static long value(int stamp, long sector) {
    return stamp == ZERO ? 0 : (long) stamp << 32 | sector;
  }
}
