package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The checksum in the first four bytes of every metadata block.
 *
 * <pre>
 *   0        4                                    4096
 *   | csum   | bytes that the checksum covers        |
 * </pre>
 *
 * CRC-32C over bytes 4 to 4095 without the final inversion, XORed with a salt that differs by kind
 * of block, so that a block of one kind never passes for another.
 */
final class BlockChecksum {
  static final int CHECKSUM_OFFSET = 0;
  private static final int COVERED_OFFSET = 4;

  private BlockChecksum() {}

  /** Returns the checksum of a block, which is the whole buffer whatever its position. */
  static int of(ByteBuffer block, int salt) {
    CRC32C crc = new CRC32C();
    crc.update(block.slice(COVERED_OFFSET, MetadataBlocks.BLOCK_SIZE - COVERED_OFFSET));
    return ~(int) crc.getValue() ^ salt;
  }
}
