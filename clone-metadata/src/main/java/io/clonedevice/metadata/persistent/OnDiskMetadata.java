package io.clonedevice.metadata.persistent;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The committed state on a metadata device, and the one way to replace it.
 *
 * <p>Made by {@link MetadataFormatter} or {@link MetadataReader}. Used by one thread at a time.
 *
 * <pre>
 *              commit() returns
 *             ,-----------------.
 *             v                 |
 *        [ settled ] --- commit() -- fails --> [ unsettled: block 0 may hold the old
 *             ^                                  or the new superblock ]
 *             '-------- resettle() returns ------------'
 * </pre>
 */
public final class OnDiskMetadata {
  private static final int CACHE_LINE = 64;

  private final MetadataBlocks device;
  private final BitsetTree tree;
  private final SpaceMap spaceMap;

  private Superblock superblock;
  private ByteBuffer superblockBytes;

  // The transaction whose commit failed, and its superblock if that may have reached the device.
  private MetadataTransaction unsettled;
  private Superblock pending;
  private ByteBuffer pendingBytes;

  OnDiskMetadata(
      MetadataBlocks device,
      Superblock superblock,
      ByteBuffer superblockBytes,
      BitsetTree tree,
      SpaceMap spaceMap) {
    this.device = device;
    this.superblock = superblock;
    this.superblockBytes = superblockBytes;
    this.tree = tree;
    this.spaceMap = spaceMap;
  }

  /** Returns a buffer of the byte order of the format. */
  static ByteBuffer newBlock() {
    return ByteBuffer.allocate(MetadataBlocks.BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns a buffer of 128 KiB for reading and writing many blocks at a time. */
  static ByteBuffer newBuffer() {
    return newDirectBuffer(32);
  }

  /** Returns a direct buffer; it begins at a cache line, which makes copying and comparing fast. */
  static ByteBuffer newDirectBuffer(int blocks) {
    return ByteBuffer.allocateDirect(blocks * MetadataBlocks.BLOCK_SIZE + CACHE_LINE)
        .alignedSlice(CACHE_LINE)
        .limit(blocks * MetadataBlocks.BLOCK_SIZE)
        .slice()
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Returns the superblock of the last committed state.
   *
   * @return the superblock
   */
  public Superblock superblock() {
    return superblock;
  }

  /**
   * Returns how many blocks a device needs for a commit that touches every array block of this
   * metadata.
   *
   * @return metadata blocks
   */
  public long blocksForFullCommit() {
    return MetadataLayout.withCopies(tree.arrayBlocks(), tree.nodes());
  }

  /**
   * Makes the state that was read durable. Whoever wrote its superblock may have been killed before
   * it was flushed, or its flush may have failed: then it can be read, and still be lost with the
   * power. What lies below it was flushed before it was written.
   *
   * @throws IOException if the device failed; the state that was read is there or was never durable
   */
  public void confirm() throws IOException {
    writeDurably(superblockBytes);
  }

  private void writeDurably(ByteBuffer superblockBlock) throws IOException {
    device.write(Superblock.NUMBER, superblockBlock.duplicate());
    device.flush();
  }

  /**
   * Writes what changed, copy-on-write, then the superblock; each followed by a flush.
   *
   * @param contents what to write
   * @throws IOException if anything failed; the state on the device is the old or the new one, both
   *     are sound, and {@link #resettle()} must be called before the next commit
   */
  public void commit(ArrayContents contents) throws IOException {
    if (unsettled != null) {
      throw new IllegalStateException("the last commit failed and was not resettled");
    }
    // Another writer's "free" blocks are not ours: look before the first block is overwritten.
    verifySuperblockUntouched();
    unsettled = new MetadataTransaction(tree, spaceMap);
    unsettled.shadow(contents.changedArrayBlocks());
    ByteBuffer buffer = TransferBuffers.acquire();
    try {
      unsettled.write(device, buffer, contents);
    } finally {
      TransferBuffers.release(buffer);
    }
    device.flush();
    verifySuperblockUntouched();
    pending = nextSuperblock();
    pendingBytes = newBlock();
    pending.encode(pendingBytes);
    writeDurably(pendingBytes);
    adoptPending();
  }

  private Superblock nextSuperblock() {
    return new Superblock(
        superblock.regionSectors(),
        superblock.deviceSectors(),
        superblock.blockCount(),
        spaceMap.allocatedBlocks(),
        spaceMap.indexBlock(),
        spaceMap.overflowRoot(),
        tree.root());
  }

  private void adoptPending() {
    unsettled.complete();
    superblock = pending;
    superblockBytes = pendingBytes;
    forgetTransaction();
  }

  private void forgetTransaction() {
    unsettled = null;
    pending = null;
    pendingBytes = null;
  }

  private void verifySuperblockUntouched() throws IOException {
    if (!superblockBytes.equals(readSuperblock())) {
      throw foreignSuperblock();
    }
  }

  /**
   * Returns whether block 0 holds the superblock last written, or the one that a failed commit was
   * about to write.
   *
   * @return false if somebody else wrote it
   * @throws IOException if it cannot be read
   */
  public boolean holdsOwnSuperblock() throws IOException {
    ByteBuffer found = readSuperblock();
    return found.equals(superblockBytes) || found.equals(pendingBytes);
  }

  /**
   * Finds out which of the two possible states is on the device after a failed commit, makes it
   * durable and goes on from it.
   *
   * <p>A superblock whose flush failed may be seen by a read and still be lost with the power, so
   * the one that is found is written and flushed again before any block is reused.
   *
   * @return whether the state found is the one that the failed commit was writing
   * @throws IOException if the device failed or holds neither; nothing changed
   */
  public boolean resettle() throws IOException {
    ByteBuffer found = readSuperblock();
    boolean adopted = found.equals(pendingBytes);
    if (!adopted && !found.equals(superblockBytes)) {
      throw foreignSuperblock();
    }
    if (pending != null) {
      writeDurably(found);
    }
    if (adopted) {
      adoptPending();
    } else if (unsettled != null) {
      unsettled.rollback();
      forgetTransaction();
    }
    return adopted;
  }

  private ByteBuffer readSuperblock() throws IOException {
    ByteBuffer block = newBlock();
    device.read(Superblock.NUMBER, block);
    return block.clear();
  }

  private static IOException foreignSuperblock() {
    return new IOException(
        "The superblock in metadata block 0 was not written by this instance: something else writes"
            + " to the metadata device; close all users of the device and check the metadata");
  }
}
