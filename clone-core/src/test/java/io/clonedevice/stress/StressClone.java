package io.clonedevice.stress;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneRuntime;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.tool.MetadataCheck;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStore.Execution;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CrashingBlockStore;
import io.clonedevice.testing.CrashingBlockStore.SectorChoice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** A small clone with odd geometry, unruly stores and real threads, as a seed decides. */
final class StressClone implements AutoCloseable {
  private static final byte OLD_DESTINATION = (byte) 0xDD;
  private static final int FAILS_ONCE_IN = 150;

  private final int regionSize;
  private final History history;
  private final boolean withFaults;
  private final boolean passdown;
  private final boolean discardedReadsZeroes;
  private final Dice dice;
  private final Shuffle callers;
  private final Shuffle bystanders;
  private final MemoryBlockStore sourceMedium;
  private final CrashingBlockStore destinationMedium;
  private final CrashingBlockStore metadataMedium;
  private final List<UnrulyBlockStore> stores;
  private final CloneRuntime runtime;
  private final CloneDevice device;

  StressClone(Random random) throws IOException {
    regionSize = 4096 << random.nextInt(2);
    int regionSectors = regionSize / History.SECTOR_SIZE;
    int regions = 1 + random.nextInt(6);
    int sectors = regions * regionSectors + random.nextInt(regionSectors);
    history = new History(sectors);
    withFaults = random.nextInt(4) == 0;
    passdown = random.nextBoolean();
    // Otherwise nobody could say what a discarded sector reads.
    discardedReadsZeroes = !passdown || random.nextBoolean();
    dice = new Dice(random.nextLong());
    callers = new Shuffle(dice);
    bystanders = new Shuffle(dice);

    byte[] content = history.initialContent();
    byte[] old = new byte[content.length];
    Arrays.fill(old, OLD_DESTINATION);
    sourceMedium = MemoryBlockStore.copyOf(content).asReadOnly();
    destinationMedium = new CrashingBlockStore(MemoryBlockStore.copyOf(old));
    metadataMedium = new CrashingBlockStore(MetadataSize.forRegions(regions + 1));
    Execution[] kinds = Execution.values();
    stores =
        List.of(
            unruly(sourceMedium, kinds[random.nextInt(3)], Set.of(Operation.READ)),
            unruly(
                destinationMedium,
                kinds[random.nextInt(3)],
                Set.of(Operation.READ, Operation.WRITE, Operation.DISCARD)),
            unruly(metadataMedium, Execution.IO_EXECUTOR, Set.of()));
    runtime =
        CloneRuntime.builder()
            .ioThreads(1 + random.nextInt(4))
            .copyThreads(1 + random.nextInt(3))
            .build();
    device =
        CloneDevice.builder()
            .source(stores.get(0))
            .destination(stores.get(1))
            .metadata(stores.get(2))
            .regionSize(regionSize)
            .runtime(runtime)
            .discardPassdown(passdown)
            .discardedReadsZeroes(discardedReadsZeroes)
            .hydration(
                (random.nextBoolean() ? Hydration.background() : Hydration.disabled())
                    .threshold(random.nextInt(5))
                    .batchSize(random.nextInt(4))
                    .timeShareMin(random.nextInt(3) * 50)
                    .retryDelay(1, 2)
                    .onRead(random.nextBoolean()))
            .open();
  }

  private UnrulyBlockStore unruly(BlockStore medium, Execution execution, Set<Operation> failing) {
    return new UnrulyBlockStore(
        medium,
        execution,
        dice,
        callers,
        bystanders,
        withFaults ? failing : Set.of(),
        FAILS_ONCE_IN);
  }

  CloneDevice device() {
    return device;
  }

  History history() {
    return history;
  }

  boolean withFaults() {
    return withFaults;
  }

  int regionSectors() {
    return regionSize / History.SECTOR_SIZE;
  }

  /** Returns the values of all sectors as they would be read after a power cut about now. */
  long[] valuesAfterCrash(SectorChoice left) throws IOException {
    // The metadata first: what it says is hydrated is flushed by now, and will be later.
    CrashingBlockStore metadata = metadataMedium.crash(left);
    CrashingBlockStore destination = destinationMedium.crash(left);
    assertThat(MetadataCheck.of(new BlockStoreMetadataDevice(metadata)).faults()).isEmpty();
    ByteBuffer found = ByteBuffer.allocate(history.sectors() * History.SECTOR_SIZE);
    try (CloneRuntime stepped =
            CloneRuntime.builder().steppedByCaller().ioExecutor(Runnable::run).build();
        CloneDevice reopened =
            CloneDevice.builder()
                .source(sourceMedium.asReadOnly())
                .destination(destination)
                .metadata(metadata)
                .regionSize(regionSize)
                .runtime(stepped)
                .hydration(Hydration.disabled())
                .open()) {
      reopened.blocking().read(0, found);
    }
    return History.valuesOf(found);
  }

  /** Closes what the device does not own; the device is closed by now. */
  @Override
  public void close() {
    runtime.close();
    callers.close();
    bystanders.close();
    for (UnrulyBlockStore store : stores) {
      assertThat(store.calledAfterClose()).as("call of a closed store").isNull();
    }
  }

  @Override
  public String toString() {
    return "regions of "
        + regionSize
        + " bytes, "
        + history.sectors()
        + " sectors, source "
        + stores.get(0).execution()
        + ", destination "
        + stores.get(1).execution()
        + (passdown ? ", passdown" : "")
        + (discardedReadsZeroes ? ", discarded reads zeroes" : "")
        + (withFaults ? ", faults" : "");
  }
}
