package io.clonedevice.process;

import java.nio.ByteBuffer;

/**
 * What a sector holds, made from its number and the number of the request that wrote it, so that a
 * sector that is found tells who wrote it.
 *
 * <pre>
 *   8 bytes: request &lt;&lt; 32 | sector, then 63 words that depend on both
 * </pre>
 */
final class SectorContent {
  static final int SECTOR = 512;

  /** The number of the request that wrote the source. */
  static final int SOURCE = 1;

  /** Stands for zeroes: what a discarded sector reads. */
  static final int ZEROES = 0;

  /** Stands for bytes that no request wrote together. */
  static final int TORN = -1;

  private static final int WORDS = SECTOR / Long.BYTES;

  private SectorContent() {}

  /** The bytes that a request writes to a range. */
  static ByteBuffer of(int request, int firstSector, int sectorCount) {
    ByteBuffer bytes = ByteBuffer.allocate(sectorCount * SECTOR);
    for (int sector = firstSector; sector < firstSector + sectorCount; sector++) {
      for (int word = 0; word < WORDS; word++) {
        bytes.putLong(word(request, sector, word));
      }
    }
    return bytes.flip();
  }

  /** Returns who wrote a sector that was read at {@code position} of {@code bytes}. */
  static int writerOf(ByteBuffer bytes, int position, int sector) {
    int request = (int) (bytes.getLong(position) >>> 32);
    return isWhole(bytes, position, sector, request) ? request : TORN;
  }

  private static boolean isWhole(ByteBuffer bytes, int position, int sector, int request) {
    for (int word = 0; word < WORDS; word++) {
      if (!isOf(bytes, position, sector, word, request)) {
        return false;
      }
    }
    return true;
  }

  /** Whether each word is one of either request: what a copy leaves that was cut short. */
  static boolean isMixOf(ByteBuffer bytes, int position, int sector, int one, int other) {
    for (int word = 0; word < WORDS; word++) {
      if (!isOf(bytes, position, sector, word, one)
          && !isOf(bytes, position, sector, word, other)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isOf(ByteBuffer bytes, int position, int sector, int word, int request) {
    return bytes.getLong(position + word * Long.BYTES) == word(request, sector, word);
  }

  private static long word(int request, int sector, int word) {
    if (request == ZEROES) {
      return 0;
    }
    long first = (long) request << 32 | sector;
    long mixed = (first + word * 0x9E3779B97F4A7C15L) * 0xD6E8FEB86659FD93L;
    return word == 0 ? first : mixed ^ mixed >>> 32;
  }
}
