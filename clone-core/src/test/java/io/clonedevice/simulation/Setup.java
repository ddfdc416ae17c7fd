package io.clonedevice.simulation;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore.Execution;
import io.clonedevice.store.DiscardSupport;
import java.util.SplittableRandom;

/**
 * What a scenario takes place in: sizes, kinds of stores, and how restless the scheduler is.
 *
 * @param regionSize bytes
 * @param sectors sectors of the device
 * @param blockSize logical block size in bytes
 * @param discards what the destination can do
 * @param interleavePercent how often a blocking call lets others go on
 * @param probePerMille how many steps of a thousand are followed by a look at what a power cut left
 */
record Setup(
    int regionSize,
    int sectors,
    int blockSize,
    long metadataBytes,
    Execution source,
    Execution destination,
    Execution metadata,
    DiscardSupport discards,
    int interleavePercent,
    int agentPercent,
    int timePercent,
    int probePerMille) {

  /** What a device is opened with. */
  record Options(
      boolean hydrates,
      int threshold,
      int batchSize,
      boolean onRead,
      int retryMs,
      int failuresInRowMax,
      int timeShareMin,
      int timeShareMax,
      long bytesPerSecondMax,
      boolean passdown,
      boolean readsZeroes,
      boolean suspended) {
    static Options random(SplittableRandom random) {
      return new Options(
          random.nextInt(3) > 0,
          random.nextInt(9),
          random.nextInt(6),
          random.nextInt(4) == 0,
          1 + random.nextInt(10),
          random.nextInt(3) == 0 ? 1 + random.nextInt(4) : 32,
          random.nextInt(3) == 0 ? 100 : random.nextInt(20),
          random.nextInt(4) == 0 ? 20 + random.nextInt(80) : 100,
          random.nextInt(8) == 0 ? (1L + random.nextInt(64)) << 20 : Long.MAX_VALUE,
          random.nextBoolean(),
          random.nextBoolean(),
          random.nextInt(10) == 0);
    }

    Hydration hydration() {
      Hydration hydration =
          (hydrates ? Hydration.background() : Hydration.disabled())
              .threshold(threshold)
              .batchSize(batchSize)
              .onRead(onRead)
              .retryDelay(retryMs, 5 * retryMs)
              .failuresInRowMax(failuresInRowMax)
              .timeShareMin(timeShareMin)
              .timeShareMax(timeShareMax);
      return bytesPerSecondMax == Long.MAX_VALUE
          ? hydration
          : hydration.bytesPerSecondMax(bytesPerSecondMax);
    }

    Options resumed() {
      return new Options(
          hydrates,
          threshold,
          batchSize,
          onRead,
          retryMs,
          failuresInRowMax,
          timeShareMin,
          timeShareMax,
          bytesPerSecondMax,
          passdown,
          readsZeroes,
          false);
    }
  }

  static Setup random(SplittableRandom random) {
    int blockSize = random.nextInt(4) == 0 ? 4096 : 512;
    int regionSize = 4096 << Math.min(random.nextInt(5), random.nextInt(5));
    int regionsMax = random.nextInt(12) == 0 ? 150 : 18;
    int regions = 1 + random.nextInt(Math.max(1, Math.min(regionsMax, (600 << 10) / regionSize)));
    int blocksPerRegion = regionSize / blockSize;
    int blocks = regions * blocksPerRegion - random.nextInt(blocksPerRegion);
    int size = Math.max(1, blocks) * blockSize;
    Execution[] kinds = Execution.values();
    return new Setup(
        regionSize,
        size / Sectors.SIZE,
        blockSize,
        random.nextInt(4) == 0 ? MetadataSize.forRegions(regions) : 64 << 10,
        kinds[random.nextInt(3)],
        kinds[random.nextInt(3)],
        kinds[random.nextInt(3)],
        discards(random, size, regionSize, blockSize),
        random.nextInt(4) == 0 ? 0 : random.nextInt(60),
        5 + random.nextInt(40),
        random.nextInt(8),
        random.nextInt(3) == 0 ? 0 : random.nextInt(20));
  }

  private static DiscardSupport discards(
      SplittableRandom random, int size, int regionSize, int blockSize) {
    long maxLength =
        switch (random.nextInt(4)) {
          case 0 -> Math.max(blockSize, regionSize / 2);
          case 1 -> (long) regionSize * (1 + random.nextInt(4)) + blockSize;
          default -> size;
        };
    return random.nextInt(5) == 0
        ? DiscardSupport.NONE
        : new DiscardSupport(true, blockSize, maxLength, random.nextBoolean());
  }

  int sectorsPerRegion() {
    return regionSize / Sectors.SIZE;
  }

  int sectorsPerBlock() {
    return blockSize / Sectors.SIZE;
  }

  long size() {
    return (long) sectors * Sectors.SIZE;
  }

  long regions() {
    return new RegionGeometry(size(), regionSize).regionCount();
  }
}
