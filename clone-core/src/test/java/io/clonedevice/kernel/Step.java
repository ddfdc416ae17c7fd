package io.clonedevice.kernel;

import java.util.Random;

/**
 * A request that either side can be given.
 *
 * @param offset first byte
 * @param length bytes; 0 for a flush
 * @param dataOffset where in the data pool the bytes of a write begin
 */
record Step(Kind kind, long offset, int length, int dataOffset) {
  enum Kind {
    WRITE,
    /** For the kernel a write and a flush: a forced unit access cannot be had from outside. */
    WRITE_DURABLY,
    DISCARD,
    FLUSH
  }

  /** Bytes that writes take theirs from. */
  static final int POOL_SIZE = 4 << 20;

  private static final int SECTOR = 512;
  private static final int WRITE_MAX = 256 << 10;
  private static final int DISCARD_MAX = 1536 << 20;

  boolean isWrite() {
    return kind == Kind.WRITE || kind == Kind.WRITE_DURABLY;
  }

  /** A random request: mostly small, often at region borders, sometimes up to the device's end. */
  static Step random(Random random, long deviceSize, int regionSize) {
    int choice = random.nextInt(10);
    if (choice == 0) {
      return new Step(Kind.FLUSH, 0, 0, 0);
    }
    Kind kind = choice <= 2 ? Kind.DISCARD : choice <= 4 ? Kind.WRITE_DURABLY : Kind.WRITE;
    return random(random, kind, deviceSize, regionSize);
  }

  static Step randomWrite(Random random, long deviceSize, int regionSize) {
    return random(random, Kind.WRITE, deviceSize, regionSize);
  }

  private static Step random(Random random, Kind kind, long deviceSize, int regionSize) {
    long regions = (deviceSize - 1) / regionSize + 1;
    int max = kind == Kind.DISCARD ? DISCARD_MAX : WRITE_MAX;
    long offset;
    long length;
    if (random.nextInt(8) == 0) {
      long fromEnd = (1L + random.nextInt(4)) * SECTOR + random.nextInt(3) * (long) regionSize;
      offset = Math.max(0, deviceSize - fromEnd);
      length = deviceSize - offset;
    } else {
      long border = (long) (random.nextDouble() * regions) * regionSize;
      long shift = (1L + random.nextInt(Math.min(regionSize, max) / SECTOR)) * SECTOR;
      long shifted = border + (random.nextInt(3) - 1) * shift;
      offset = Math.max(0, Math.min(shifted, deviceSize - SECTOR));
      length =
          switch (random.nextInt(4)) {
            case 0 -> SECTOR;
            case 1 -> regionSize;
            case 2 -> (1L + random.nextInt(4)) * regionSize;
            default ->
                (1L + random.nextInt((int) Math.min(2L * regionSize, max) / SECTOR)) * SECTOR;
          };
    }
    int within = (int) Math.min(Math.min(length, max), deviceSize - offset);
    int dataOffset = random.nextInt((POOL_SIZE - WRITE_MAX) / SECTOR) * SECTOR;
    return new Step(kind, offset, within, dataOffset);
  }
}
