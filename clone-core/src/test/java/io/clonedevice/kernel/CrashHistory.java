package io.clonedevice.kernel;

import io.clonedevice.CloneDevice;
import io.clonedevice.dm.DmCloneTarget;
import io.clonedevice.dm.TableLine;
import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.tool.MetadataDump;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CrashingBlockStore;
import io.clonedevice.testing.GatedBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A device that lives in memory from formatting to closing, under random requests, commits and
 * bursts of background hydration, while each write and flush of its metadata is recorded.
 *
 * @param settled the states of the metadata device after each of its flushes, an empty one first
 * @param exactly by index of a settled state: the regions that must be hydrated in it
 * @param atLeast likewise: regions that must be among those
 */
record CrashHistory(
    CarriedClone.Shape shape,
    int instants,
    List<MetadataCuts.Cut> cuts,
    List<byte[]> settled,
    Map<Integer, BitSet> exactly,
    Map<Integer, BitSet> atLeast) {

  private static final byte[] POOL = new byte[Step.POOL_SIZE];

  static CrashHistory run(CarriedClone.Shape shape, int steps, Random random) throws Exception {
    MetadataCuts metadata =
        new MetadataCuts(
            new CrashingBlockStore(shape.metadataSize()), new Random(random.nextLong()));
    GatedBlockStore source = new GatedBlockStore(new MemoryBlockStore(shape.deviceSize()));
    RegionModel model = new RegionModel(shape.deviceSize(), shape.regionSize());
    Map<Integer, BitSet> exactly = new TreeMap<>();
    Map<Integer, BitSet> atLeast = new TreeMap<>();
    try (DmCloneTarget target =
        DmCloneTarget.create(
            TableLine.parse(shape.table("metadata", "destination", "source")),
            (name, readOnly) ->
                switch (name) {
                  case "metadata" -> metadata;
                  case "source" -> source;
                  default -> new MemoryBlockStore(shape.deviceSize());
                },
            CloneDevice.builder())) {
      target.resume();
      for (int i = 0; i < steps; i++) {
        switch (random.nextInt(12)) {
          case 0 -> {
            hydrateInPart(target, source, shape.regions() - model.hydrated().cardinality(), random);
            model.become(hydratedIn(lastOf(metadata.settled())));
          }
          case 1 -> {
            target.status();
            exactly.put(metadata.settled().size() - 1, model.hydrated());
          }
          default -> {
            Step step = Step.random(random, shape.deviceSize(), shape.regionSize());
            request(target.device(), step);
            model.apply(step, true);
            int now = metadata.settled().size() - 1;
            if (step.kind() == Step.Kind.FLUSH) {
              exactly.put(now, model.hydrated());
            } else if (step.kind() == Step.Kind.WRITE_DURABLY) {
              RegionModel written = new RegionModel(shape.deviceSize(), shape.regionSize());
              written.apply(step, true);
              atLeast.put(now, written.hydrated());
            }
          }
        }
      }
    }
    exactly.put(metadata.settled().size() - 1, model.hydrated());
    return new CrashHistory(
        shape, metadata.instants(), metadata.cuts(), metadata.settled(), exactly, atLeast);
  }

  private static void request(CloneDevice device, Step step) throws IOException {
    switch (step.kind()) {
      case WRITE -> device.blocking().write(step.offset(), data(step));
      case WRITE_DURABLY -> device.blocking().writeDurably(step.offset(), data(step));
      case DISCARD -> device.blocking().discard(step.offset(), step.length());
      case FLUSH -> device.blocking().flush();
    }
  }

  private static ByteBuffer data(Step step) {
    return ByteBuffer.wrap(POOL, step.dataOffset(), step.length());
  }

  private static void hydrateInPart(
      DmCloneTarget target, GatedBlockStore source, int unhydrated, Random random)
      throws Exception {
    if (unhydrated == 0) {
      return;
    }
    source.hold(Operation.COPY, Operation.READ);
    target.message("enable_hydration");
    int copies = 1 + random.nextInt(Math.min(20, (unhydrated + 3) / 4));
    for (int copy = 0; copy < copies; copy++) {
      source.awaitWaiting(1);
      if (copy < copies - 1) {
        source.releaseOne();
      }
    }
    target.message("disable_hydration");
    source.open();
    target.suspend();
    target.resume();
  }

  /** Whether the first block is empty: then whoever opens it formats it. */
  static boolean isUnformatted(byte[] image) {
    for (int i = 0; i < 4096; i++) {
      if (image[i] != 0) {
        return false;
      }
    }
    return true;
  }

  /** The regions that are hydrated in an image as this library reads it. */
  static BitSet hydratedIn(byte[] image) throws IOException {
    try (CloneMetadata metadata =
        CloneMetadata.openReadOnly(
            new BlockStoreMetadataDevice(MemoryBlockStore.copyOf(image).asReadOnly()))) {
      BitSet regions = new BitSet();
      MetadataDump.of(metadata)
          .forEachRange(
              range -> regions.set((int) range.first(), (int) (range.first() + range.count())));
      return regions;
    }
  }

  private static byte[] lastOf(List<byte[]> images) {
    return images.get(images.size() - 1);
  }
}
