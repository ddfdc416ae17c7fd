package io.clonedevice.metadata;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** Moves metadata to a device with fewer blocks, as if it had been formatted there. */
final class CrampedMetadata {
  private static final int NR_BLOCKS_OFFSET = 44;
  private static final int SUPERBLOCK_SALT = 257649492;

  private CrampedMetadata() {}

  static void rewrite(MemoryMetadataDevice from, MemoryMetadataDevice to) {
    for (long block = 0; block < to.blockCount(); block++) {
      to.put(block, from.block(block));
    }
    byte[] bytes = from.block(0);
    ByteBuffer superblock = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    superblock.putLong(NR_BLOCKS_OFFSET, to.blockCount());
    CRC32C crc = new CRC32C();
    crc.update(bytes, 4, bytes.length - 4);
    superblock.putInt(0, ~(int) crc.getValue() ^ SUPERBLOCK_SALT);
    to.put(0, bytes);
  }
}
