/**
 * The on-disk format of clone metadata, that of Linux dm-clone, version 1.
 *
 * <p>Applications do not use this package, except to catch {@link
 * io.clonedevice.metadata.persistent.MetadataFormatException}. To read the code, begin with {@link
 * io.clonedevice.metadata.persistent.OnDiskMetadata}, which commits; then {@code
 * MetadataTransaction} (copy-on-write), {@link io.clonedevice.metadata.persistent.MetadataReader}
 * (reads and checks) and {@link io.clonedevice.metadata.persistent.MetadataSurvey} (finds its way
 * through damage). Threads: everything here is used by one thread at a time.
 *
 * <p>This page describes the format well enough to read a device with a hex dump.
 *
 * <h2>The whole</h2>
 *
 * The device is an array of blocks of 4096 bytes; block b begins at byte 4096 b. All numbers are
 * little endian, and not all of them are aligned. A pointer is a block number of 64 bits. Only the
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
 * torn or written over is found out.
 *
 * <pre>
 *   kind          salt (hex)   number at   holds
 *   superblock    0F5B6B54     8           magic, version, sizes, the three roots
 *   btree node    0001D913     8           keys from byte 32, values from byte 2048
 *   array block   2383E64F     16          words from byte 24
 *   index block   000272DE     8           255 entries of 16 bytes from byte 16
 *   bitmap block  0003AC8B     8           16320 entries of 2 bits from byte 16
 * </pre>
 *
 * The checksum is the CRC-32C of bytes 4 to 4095, without the inversion at its end, XORed with the
 * salt of the kind: a block of one kind never passes for another. With an ordinary routine, {@code
 * crc32c(bytes 4 to 4095) ^ FFFFFFFF ^ salt}.
 *
 * <h2>Superblock</h2>
 *
 * <pre>
 *   byte  0       4       8               16                              32              40    44
 *         +-------+-------+---------------+-------------------------------+---------------+-----+
 *         | csum  | flags | number = 0    | uuid, 16 zeroes               | magic         | ver |
 *         +-------+-------+---------------+-------------------------------+---------------+-----+
 *
 *         44              52              60              68              76              172
 *         +---------------+---------------+---------------+---------------+-- - - - - - --+
 *         | nr_blocks     | nr_allocated  | index block   | overflow root | zeroes        |
 *         +---------------+---------------+---------------+---------------+-- - - - - - --+
 *
 *         172             180             188             196                             4096
 *         +---------------+---------------+---------------+-- - - - - - - - - - - - - - --+
 *         | region_size   | target_size   | bitset root   | zeroes                        |
 *         +---------------+---------------+---------------+-- - - - - - - - - - - - - - --+
 * </pre>
 *
 * The magic is 8AF27F64 (hex), the version 1, the flags 0. {@code region_size} is a power of two
 * from 8 to 2097152, {@code target_size} the size of the device, both in sectors of 512 bytes; the
 * regions are as many as it takes to cover the device, at most 2^31. {@code nr_blocks} is fixed
 * when the device is formatted, {@code nr_allocated} is the number of blocks whose count is not
 * zero. There is no copy of the superblock: everything that counts is in its first sector, so that
 * a disk that writes sectors whole never tears it.
 *
 * <h2>Hydrated regions</h2>
 *
 * Region r is bit r % 64 (from the least significant) of word r / 64, 1 if it is hydrated; word w
 * is at position w % 509 of array block w / 509. An array block holds 32576 regions.
 *
 * <pre>
 *   region 1000000 -&gt; word 15625, bit 0 -&gt; array block 30, position 355
 * </pre>
 *
 * <pre>
 *   array block
 *   byte  0       4       8       12      16              24       32       40
 *         +-------+-------+-------+-------+---------------+--------+--------+-- - - - --+
 *         | csum  | 509   | n     | 8     | number        | word 0 | word 1 | word n-1  |
 *         +-------+-------+-------+-------+---------------+--------+--------+-- - - - --+
 *                  max     words   bytes
 *                          here    a word
 * </pre>
 *
 * All but the last array block hold 509 words. Bits past the last region are 0. An array block does
 * not say which of all it is: only the btree knows.
 *
 * <h2>Btree</h2>
 *
 * It leads from the index of an array block, 0 to n-1 without gaps, to its block number. Its shape
 * is fixed when the device is formatted; later only values change, as blocks move.
 *
 * <pre>
 *   node
 *   byte  0       4       8               16      20      24      28      32
 *         +-------+-------+---------------+-------+-------+-------+-------+-- - - - - -
 *         | csum  | flags | number        | n     | 252   | 8     | 0     | keys ...
 *         +-------+-------+---------------+-------+-------+-------+-------+-- - - - - -
 *                  1 inner                 entries max     bytes           252 keys of 8 bytes,
 *                  2 leaf                  here            a value         252 values from byte 2048
 * </pre>
 *
 * <pre>
 *   300 array blocks                  +--------------------+
 *                              root   | 0: 71   | 150: 72  |    key: block number
 *                                     +----|---------|-----+
 *                        +-----------------+         +------------------+
 *                        v                                              v
 *   leaf, block 71   | 0: 5 | 1: 6 | ... | 149: 160 |   leaf, block 72  | 150: 161 | ... | 299: 311 |
 * </pre>
 *
 * Keys ascend. An inner node's key is the smallest key below it. Leaves are all at the same depth,
 * and a node other than the root has 84 entries at least. What stands behind the last entry means
 * nothing.
 *
 * <h2>Space map</h2>
 *
 * Every metadata block has a reference count: 1 if it can be reached from the superblock, which
 * itself counts, else 0. Larger counts, which the format knows and keeps in the overflow btree (a
 * node with values of 4 bytes and room for 336), do not occur in clone metadata, and are refused.
 *
 * <pre>
 *   index block                                 one entry for every 16320 metadata blocks
 *   byte  0       4       8               16              24        28                 32
 *         +-------+-------+---------------+---------------+---------+------------------+-- - -
 *         | csum  | 0     | number        | bitmap block  | nr_free | none_free_before | ...
 *         +-------+-------+---------------+---------------+---------+------------------+-- - -
 *
 *   bitmap block
 *   byte  0       4       8               16      17
 *         +-------+-------+---------------+-------+-------+-- - - - - - - - - - - - - - - - - -
 *         | csum  | 0     | number        | 3 2 1 0 ...             count of block 16320 i + e in
 *         +-------+-------+---------------+-------+-------+-- - -   byte 16 + e / 4, bits 2 (e % 4)
 *                                                                   and above
 * </pre>
 *
 * Of the two bits of a count the lower one is worth 2, the higher one 1: four blocks in use are a
 * byte AA, not 55. {@code nr_free} counts the zeroes of the bitmap, those past the last metadata
 * block included; no block before {@code none_free_before} is free. 255 entries limit a device to
 * 4161600 blocks; what it has more is not used.
 *
 * <h2>A new device</h2>
 *
 * If block 0 is all zeroes the device is new, whatever else is on it. The smallest has one array
 * block:
 *
 * <pre>
 *   block   0            1       2          3        4             5
 *         +------------+-------+----------+--------+-------------+---------------+-- - - -
 *         | superblock | index | overflow | bitmap | bitset root | array block 0 | free
 *         +------------+-------+----------+--------+-------------+---------------+-- - - -
 * </pre>
 *
 * Other writers put the blocks elsewhere; a reader follows the pointers.
 *
 * <h2>Commit</h2>
 *
 * No block that the superblock on disk leads to is ever overwritten. What changes is written to
 * blocks that are free both before and after, from the array block up to the root, with the bitmaps
 * that count the blocks that moved, and the index:
 *
 * <pre>
 *   before                                after
 *   superblock -&gt; root 4 -&gt; array 5       superblock -&gt; root 7 -&gt; array 6
 *             \-&gt; index 1 -&gt; bitmap 3                \-&gt; index 9 -&gt; bitmap 8
 *
 *   0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 |
 *   S   I   O   B   R   A   .   .   .   .      before
 *   S   i   O   b   r   a   A   R   B   I      after; i, b, r and a are free from now on
 * </pre>
 *
 * <pre>
 *   1  changed array blocks, the nodes above them, changed bitmaps, index  -&gt;  free blocks
 *   2  flush
 *   3  superblock with the new roots  -&gt;  block 0
 *   4  flush                               the blocks of the old state are free from here on
 * </pre>
 *
 * A crash at any point leaves the old superblock or the new one, and each leads to a whole state.
 *
 * <h2>Damage</h2>
 *
 * Opening refuses metadata with any fault. {@link io.clonedevice.metadata.tool.MetadataCheck} lists
 * them, {@link io.clonedevice.metadata.tool.MetadataRepair} tells what follows from each: the space
 * map can be counted again, a lost node or array block cannot be made up for, and without the
 * superblock nothing is certain.
 */
package io.clonedevice.metadata.persistent;
