package io.clonedevice.simulation;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionMap;
import io.clonedevice.metadata.tool.MetadataCheck;
import io.clonedevice.simulation.Op.Loss;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CrashingBlockStore;
import io.clonedevice.testing.CrashingBlockStore.SectorChoice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;

/** The three media of a scenario, and what somebody finds who looks at them without the device. */
final class SimulatedMedia {
  private static final ByteBuffer BLANK = ByteBuffer.allocate(4096).asReadOnlyBuffer();

  private final Setup setup;
  private final SourceMedium source;
  private final CrashingBlockStore destination;
  private final CrashingBlockStore metadata;
  private final ByteBuffer regionBytes;

  /**
   * What somebody finds who looks at the media.
   *
   * @param stamps who wrote each sector, as the metadata says where it is
   * @param hydratedRegions as the metadata says
   */
  record Found(int[] stamps, long hydratedRegions) {}

  /** New media: the source full of itself, the destination of garbage, the metadata blank. */
  SimulatedMedia(Setup setup) {
    this(
        setup,
        new SourceMedium(setup.size()),
        new CrashingBlockStore(
            MemoryBlockStore.copyOf(Sectors.filled(Sectors.GARBAGE, 0, setup.sectors()).array())),
        new CrashingBlockStore(setup.metadataBytes()));
  }

  private SimulatedMedia(
      Setup setup,
      SourceMedium source,
      CrashingBlockStore destination,
      CrashingBlockStore metadata) {
    this.setup = setup;
    this.source = source;
    this.destination = destination;
    this.metadata = metadata;
    this.regionBytes = ByteBuffer.allocate(setup.regionSize());
  }

  BlockStore source() {
    return source;
  }

  BlockStore destination() {
    return destination;
  }

  BlockStore metadata() {
    return metadata;
  }

  private static SectorChoice choice(Loss loss, SplittableRandom random) {
    return switch (loss) {
      case ALL -> (sector, values) -> 0;
      case NOTHING -> (sector, values) -> values;
      case BY_CHANCE -> (sector, values) -> random.nextInt(values + 1);
    };
  }

  /** What the two changing media are after a power cut. */
  SimulatedMedia afterPowerCut(Loss loss, SplittableRandom random) {
    SectorChoice choice = choice(loss, random);
    return new SimulatedMedia(setup, source, destination.crash(choice), metadata.crash(choice));
  }

  Found look() {
    return look(destination, metadata);
  }

  Found lookAfterPowerCut(Loss loss, SplittableRandom random) {
    SectorChoice choice = choice(loss, random);
    return look(destination.crash(choice), metadata.crash(choice));
  }

  private Found look(BlockStore destinationBytes, BlockStore metadataBytes) {
    try {
      int[] stamps = new int[setup.sectors()];
      Arrays.fill(stamps, Sectors.SOURCE);
      BlockStoreMetadataDevice device = new BlockStoreMetadataDevice(metadataBytes);
      if (isBlank(metadataBytes)) {
        return new Found(stamps, 0);
      }
      MetadataCheck check = MetadataCheck.of(device);
      if (!check.isSound()) {
        throw new AssertionError("the metadata is damaged: " + check.faults());
      }
      try (CloneMetadata found =
          CloneMetadata.openReadOnly(new BlockStoreMetadataDevice(new Kept(metadataBytes)))) {
        RegionMap map = found.regionMap();
        for (int region = 0; region < setup.regions(); region++) {
          if (map.isHydrated(region)) {
            readStamps(destinationBytes, region, stamps);
          }
        }
        return new Found(stamps, map.hydratedCount());
      }
    } catch (IOException e) {
      throw new AssertionError("the metadata does not open", e);
    }
  }

  private static boolean isBlank(BlockStore metadataBytes) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(BLANK.capacity());
    metadataBytes.read(0, block);
    return block.flip().equals(BLANK);
  }

  private void readStamps(BlockStore destinationBytes, int region, int[] stamps)
      throws IOException {
    int first = region * setup.sectorsPerRegion();
    int count = Math.min(setup.sectorsPerRegion(), stamps.length - first);
    destinationBytes.read(
        (long) first * Sectors.SIZE, regionBytes.clear().limit(count * Sectors.SIZE));
    for (int i = 0; i < count; i++) {
      stamps[first + i] = Sectors.stampOf(regionBytes, i * Sectors.SIZE, first + i);
    }
  }

  /** A store that stays open. */
  private static final class Kept extends FilterBlockStore {
    Kept(BlockStore delegate) {
      super(delegate);
    }

    @Override
    public void close() {}
  }
}
