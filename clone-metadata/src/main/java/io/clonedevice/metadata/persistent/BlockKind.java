package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;

/** The five kinds of metadata block, and what they have in common: a checksum and a number. */
enum BlockKind {
  SUPERBLOCK("Superblock", 257649492, 8),
  BTREE_NODE("Btree node", 121107, 8),
  ARRAY("Array block", 595846735, 16),
  INDEX("Index block", 160478, 8),
  BITMAP("Bitmap block", 240779, 8);

  private final String title;
  private final int salt;
  private final int numberOffset;

  BlockKind(String title, int salt, int numberOffset) {
    this.title = title;
    this.salt = salt;
    this.numberOffset = numberOffset;
  }

  /** Enters number and checksum; the last thing done to a block before it is written. */
  void seal(ByteBuffer block, long number) {
    block.putLong(numberOffset, number);
    block.putInt(BlockChecksum.CHECKSUM_OFFSET, BlockChecksum.of(block, salt));
  }

  /** As {@link #seal} with a checksum that the caller knows. */
  void seal(ByteBuffer block, long number, int checksum) {
    block.putLong(numberOffset, number);
    block.putInt(BlockChecksum.CHECKSUM_OFFSET, checksum);
  }

  /** Reports what is wrong with number or checksum; returns whether both are right. */
  boolean verify(ByteBuffer block, long number, FaultSink faults) throws MetadataFormatException {
    return verifyNumber(block, number, faults) & verifyChecksum(block, number, faults);
  }

  boolean verifyNumber(ByteBuffer block, long number, FaultSink faults)
      throws MetadataFormatException {
    long found = block.getLong(numberOffset);
    return found == number
        || fault(faults, number, "blocknr", Long.toUnsignedString(found), number);
  }

  boolean verifyChecksum(ByteBuffer block, long number, FaultSink faults)
      throws MetadataFormatException {
    int stored = block.getInt(BlockChecksum.CHECKSUM_OFFSET);
    int computed = BlockChecksum.of(block, salt);
    return computed == stored
        || fault(
            faults,
            number,
            "checksum",
            Integer.toUnsignedString(computed),
            Integer.toUnsignedString(stored));
  }

  /** Reports a fault in a block of this kind; returns false, which is what checks return then. */
  boolean fault(FaultSink faults, long block, String field, Object found, Object expected)
      throws MetadataFormatException {
    faults.report(MetadataFault.of(title, block, field, found, expected));
    return false;
  }
}
