package io.clonedevice.testing;

import java.nio.ByteBuffer;

/**
 * What a sector holds, or held since the last flush.
 *
 * @param bytes {@link #SIZE} of them, never changed
 * @param hash of the bytes; 0 for zeroes
 * @param order when it was written, among all values of all stores
 */
record SectorValue(byte[] bytes, long hash, long order) {
  static final int SIZE = 512;
  static final SectorValue ZEROES = new SectorValue(new byte[SIZE], 0, 0);

  private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

  static SectorValue of(byte[] bytes, long order) {
    ByteBuffer words = ByteBuffer.wrap(bytes);
    long hash = 0;
    for (int i = 0; i < SIZE; i += Long.BYTES) {
      hash = (hash + words.getLong(i)) * MULTIPLIER;
      hash ^= hash >>> 29;
    }
    return new SectorValue(bytes, hash, order);
  }

  /** What this value adds to the fingerprint of a medium; zeroes add nothing. */
  long fingerprintAt(long sector) {
    long spread = hash * (2 * sector + 1) * MULTIPLIER;
    return spread ^ spread >>> 32;
  }
}
