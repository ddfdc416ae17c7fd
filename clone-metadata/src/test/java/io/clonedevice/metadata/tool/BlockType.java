package io.clonedevice.metadata.tool;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/** The kinds of metadata block as the tests know them, independent of the code under test. */
enum BlockType {
  SUPERBLOCK(257649492, 8),
  NODE(121107, 8),
  ARRAY(595846735, 16),
  INDEX(160478, 8),
  BITMAP(240779, 8);

  private final int salt;
  private final int numberOffset;

  BlockType(int salt, int numberOffset) {
    this.salt = salt;
    this.numberOffset = numberOffset;
  }

  static ByteBuffer view(byte[] block) {
    return ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Makes the checksum right; the block number is left as it is. */
  void reseal(byte[] block) {
    CRC32C crc = new CRC32C();
    crc.update(block, 4, block.length - 4);
    view(block).putInt(0, ~(int) crc.getValue() ^ salt);
  }

  int numberOffset() {
    return numberOffset;
  }

  /** Returns the blocks that sound metadata consists of. */
  static Map<Long, BlockType> in(ImageDevice device) {
    Map<Long, BlockType> types = new TreeMap<>();
    types.put(0L, SUPERBLOCK);
    ByteBuffer superblock = view(device.block(0));
    types.put(superblock.getLong(68), NODE);
    addNode(device, superblock.getLong(188), types);
    types.put(superblock.getLong(60), INDEX);
    ByteBuffer index = view(device.block(superblock.getLong(60)));
    for (int i = 0; i * 16320L < superblock.getLong(44); i++) {
      types.put(index.getLong(16 + 16 * i), BITMAP);
    }
    return types;
  }

  private static void addNode(ImageDevice device, long number, Map<Long, BlockType> types) {
    types.put(number, NODE);
    ByteBuffer node = view(device.block(number));
    for (int entry = 0; entry < node.getInt(16); entry++) {
      long child = node.getLong(2048 + 8 * entry);
      if (node.getInt(4) == 2) {
        types.put(child, ARRAY);
      } else {
        addNode(device, child, types);
      }
    }
  }
}
