package io.clonedevice.crash;

import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.persistent.MetadataLayout;
import io.clonedevice.store.BlockStore.Execution;
import java.util.Random;

/**
 * The clone that a history runs on.
 *
 * @param size bytes of the device
 * @param regionSize bytes
 * @param blockSize logical block size of source and destination
 * @param metadataBlocks size of the metadata device; few, so that blocks are used again soon
 * @param execution how the device calls source and destination; if asynchronous, calls are held and
 *     end in any order
 * @param passdown whether discards go on to the destination
 * @param zeroesBelow whether what the destination discards reads zeroes
 * @param discardedReadsZeroes the option of the device
 */
record Shape(
    int size,
    int regionSize,
    int blockSize,
    int metadataBlocks,
    Execution execution,
    boolean passdown,
    boolean zeroesBelow,
    boolean discardedReadsZeroes) {

  static Shape of(int regions) {
    return new Shape(
        regions * 4096, 4096, 512, least(regions), Execution.ASYNCHRONOUS, true, true, true);
  }

  static Shape random(Random random) {
    int blockSize = random.nextInt(4) == 0 ? 4096 : 512;
    int regionSize = random.nextInt(4) == 0 ? 8192 : 4096;
    int regions =
        switch (random.nextInt(8)) {
          case 0 -> 1 + random.nextInt(3);
          case 1 -> 62 + random.nextInt(80);
          default -> 4 + random.nextInt(28);
        };
    int cut = random.nextInt(regionSize / blockSize) * blockSize;
    return new Shape(
        regions * regionSize - (random.nextBoolean() ? cut : 0),
        regionSize,
        blockSize,
        least(regions) + random.nextInt(12),
        random.nextInt(4) == 0 ? Execution.CALLING_THREAD : Execution.ASYNCHRONOUS,
        random.nextBoolean(),
        random.nextBoolean(),
        random.nextBoolean());
  }

  private static int least(int regions) {
    return (int) MetadataLayout.blocksToFormat(regions);
  }

  int sectors() {
    return size / LegalSectors.SECTOR;
  }

  long metadataSize() {
    return (long) metadataBlocks * MetadataDevice.BLOCK_SIZE;
  }

  /** Whether a discarded region reads zeroes, and not what the destination held before. */
  boolean readsZeroesAfterDiscard() {
    return discardedReadsZeroes || (passdown && zeroesBelow);
  }
}
