/**
 * The on-disk format of clone metadata, that of Linux dm-clone, version 1.
 *
 * <p>Applications do not use this package, except to catch {@link
 * io.clonedevice.metadata.persistent.MetadataFormatException}. To read the code, begin with {@link
 * io.clonedevice.metadata.persistent.OnDiskMetadata}, which commits; then {@code
 * MetadataTransaction} (copy-on-write) and {@link
 * io.clonedevice.metadata.persistent.MetadataReader} (reads and checks). Threads: everything here
 * is used by one thread at a time.
 *
 * <h2>The whole</h2>
 *
 * The device is an array of blocks of 4096 bytes; all numbers are little endian. Only the
 * superblock has a fixed place. Everything else hangs below it:
 *
 * <pre>
 *   superblock (block 0)
 *     |-- bitset root: btree node --- ... --- leaf --- array block   509 words of 64 regions
 *     |                                         |----- array block
 *     |-- index block --- bitmap block          2-bit counts of 16320 metadata blocks
 *     |             |---- bitmap block
 *     |-- overflow root: btree node, a leaf without entries
 * </pre>
 *
 * <h2>Blocks</h2>
 *
 * Each block begins with a checksum and holds its own number, so that a block that was misplaced,
 * torn or written over is found out. The exact offsets are drawn at the class of each kind.
 *
 * <pre>
 *   kind          csum   number at   holds
 *   superblock    0      8           magic, version, sizes, the three roots
 *   btree node    0      8           nr_entries, keys from byte 32, values from byte 2048
 *   array block   0      16          nr_entries, words from byte 24
 *   index block   0      8           255 entries of 16 bytes from byte 16
 *   bitmap block  0      8           16320 entries of 2 bits from byte 16
 * </pre>
 *
 * <h2>Hydrated regions</h2>
 *
 * Region r is bit r % 64 of word r / 64; word w is at position w % 509 of array block w / 509. A
 * btree leads from the index of an array block, 0 to n-1 without gaps, to its block number. Its
 * shape is fixed when the device is formatted.
 *
 * <pre>
 *   region 1000000 -> word 15625, bit 0 -> array block 30, position 355
 * </pre>
 *
 * <h2>Space map</h2>
 *
 * Every metadata block has a reference count: 1 if it can be reached from the superblock, which
 * itself counts, else 0. Larger counts, which the format knows, do not occur in clone metadata, and
 * are refused.
 *
 * <h2>Commit</h2>
 *
 * No block that the superblock on disk leads to is ever overwritten.
 *
 * <pre>
 *   1  changed array blocks, the nodes above them, changed bitmaps, index  ->  free blocks
 *   2  flush
 *   3  superblock with the new roots  ->  block 0
 *   4  flush                               the blocks of the old state are free from here on
 * </pre>
 *
 * A crash at any point leaves the old superblock or the new one, and each leads to a whole state.
 */
package io.clonedevice.metadata.persistent;
