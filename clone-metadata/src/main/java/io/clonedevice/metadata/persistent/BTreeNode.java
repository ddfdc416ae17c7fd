package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;

/**
 * A node of a btree with 64-bit keys.
 *
 * <pre>
 *    0  csum         u32
 *    4  flags        u32   1 = internal, 2 = leaf
 *    8  blocknr      u64
 *   16  nr_entries   u32
 *   20  max_entries  u32   252 with values of 8 bytes, 336 with values of 4
 *   24  value_size   u32
 *   28  padding      u32
 *   32  keys         u64 x max_entries
 *   32 + 8 x max_entries  values
 * </pre>
 */
final class BTreeNode {
  /** Most entries of a node whose values have 8 bytes: all but the overflow btree's leaves. */
  static final int MAX_ENTRIES = 252;

  /** A node that is not the root is at least a third full. */
  static final int MIN_ENTRIES = MAX_ENTRIES / 3;

  static final int MAX_DEPTH = 15;

  private static final int OVERFLOW_MAX_ENTRIES = 336;
  private static final int OVERFLOW_VALUE_SIZE = 4;

  private static final int INTERNAL_FLAG = 1;
  private static final int LEAF_FLAG = 2;
  private static final int VALUE_SIZE = 8;

  private static final int FLAGS_OFFSET = 4;
  private static final int NR_ENTRIES_OFFSET = 16;
  private static final int MAX_ENTRIES_OFFSET = 20;
  private static final int VALUE_SIZE_OFFSET = 24;
  private static final int KEYS_OFFSET = 32;
  private static final int VALUES_OFFSET = KEYS_OFFSET + 8 * MAX_ENTRIES;

  private BTreeNode() {}

  /** Fills the header of a zeroed block; the entries follow by {@link #putEntry}. */
  static void encodeHeader(ByteBuffer block, boolean leaf, int entries) {
    encodeHeader(block, leaf, entries, MAX_ENTRIES, VALUE_SIZE);
  }

  /** Fills a zeroed block with the overflow btree of a clone, which has no entry, ever. */
  static void encodeEmptyOverflowRoot(ByteBuffer block) {
    encodeHeader(block, true, 0, OVERFLOW_MAX_ENTRIES, OVERFLOW_VALUE_SIZE);
  }

  private static void encodeHeader(
      ByteBuffer block, boolean leaf, int entries, int maxEntries, int valueSize) {
    block.putInt(FLAGS_OFFSET, leaf ? LEAF_FLAG : INTERNAL_FLAG);
    block.putInt(NR_ENTRIES_OFFSET, entries);
    block.putInt(MAX_ENTRIES_OFFSET, maxEntries);
    block.putInt(VALUE_SIZE_OFFSET, valueSize);
  }

  static void putEntry(ByteBuffer block, int entry, long key, long value) {
    block.putLong(KEYS_OFFSET + 8 * entry, key);
    block.putLong(VALUES_OFFSET + 8 * entry, value);
  }

  static boolean isLeaf(ByteBuffer block) {
    return block.getInt(FLAGS_OFFSET) == LEAF_FLAG;
  }

  static int entries(ByteBuffer block) {
    return block.getInt(NR_ENTRIES_OFFSET);
  }

  static long key(ByteBuffer block, int entry) {
    return block.getLong(KEYS_OFFSET + 8 * entry);
  }

  static long value(ByteBuffer block, int entry) {
    return block.getLong(VALUES_OFFSET + 8 * entry);
  }

  /** Checks all but the keys of a node of the bitset's btree. */
  static boolean verify(ByteBuffer block, long number, boolean root, FaultSink faults)
      throws MetadataFormatException {
    BlockKind kind = BlockKind.BTREE_NODE;
    int minEntries = root ? (isLeaf(block) ? 0 : 1) : MIN_ENTRIES;
    if (!kind.verify(block, number, faults)
        || !verifyShape(block, number, MAX_ENTRIES, VALUE_SIZE, faults)) {
      return false;
    }
    return entries(block) >= minEntries
        || kind.fault(
            faults, number, "nr_entries", entries(block), minEntries + " to " + MAX_ENTRIES);
  }

  /**
   * Checks the overflow btree's root. Every block of a clone is referenced once, so that no count
   * can overflow: the tree is a leaf without entries.
   */
  static boolean verifyEmptyOverflowRoot(ByteBuffer block, long number, FaultSink faults)
      throws MetadataFormatException {
    BlockKind kind = BlockKind.BTREE_NODE;
    if (!kind.verify(block, number, faults)) {
      return false;
    }
    if (!isLeaf(block)) {
      return kind.fault(
          faults, number, "flags", Integer.toUnsignedString(block.getInt(FLAGS_OFFSET)), LEAF_FLAG);
    }
    if (!verifyShape(block, number, OVERFLOW_MAX_ENTRIES, OVERFLOW_VALUE_SIZE, faults)) {
      return false;
    }
    return entries(block) == 0
        || kind.fault(faults, number, "nr_entries of the overflow btree", entries(block), 0);
  }

  private static boolean verifyShape(
      ByteBuffer block, long number, int maxEntries, int valueSize, FaultSink faults)
      throws MetadataFormatException {
    BlockKind kind = BlockKind.BTREE_NODE;
    int max = block.getInt(MAX_ENTRIES_OFFSET);
    if (max != maxEntries) {
      return kind.fault(faults, number, "max_entries", Integer.toUnsignedString(max), maxEntries);
    }
    int entries = entries(block);
    if (entries < 0 || entries > maxEntries) {
      return kind.fault(
          faults, number, "nr_entries", Integer.toUnsignedString(entries), "at most " + maxEntries);
    }
    int flags = block.getInt(FLAGS_OFFSET);
    if (flags != INTERNAL_FLAG && flags != LEAF_FLAG) {
      return kind.fault(
          faults,
          number,
          "flags",
          Integer.toUnsignedString(flags),
          INTERNAL_FLAG + " (internal) or " + LEAF_FLAG + " (leaf)");
    }
    int size = block.getInt(VALUE_SIZE_OFFSET);
    return size == valueSize
        || kind.fault(faults, number, "value_size", Integer.toUnsignedString(size), valueSize);
  }
}
