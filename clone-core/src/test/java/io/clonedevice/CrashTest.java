package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CrashingBlockStore;
import io.clonedevice.testing.CrashingBlockStore.SectorChoice;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Power cuts at every call that changes the destination or the metadata device: whatever is left of
 * both media, the metadata opens and each sector reads as one of the values that it may have.
 */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CrashTest {
  private static final int SECTOR = 512;
  private static final int REGION = 4096;
  private static final int REGIONS = 20;
  private static final int SIZE = REGIONS * REGION - 3 * SECTOR;
  private static final int SECTORS = SIZE / SECTOR;
  private static final SectorChoice LOSES_ALL = (sector, values) -> 0;
  private static final SectorChoice KEEPS_ALL = (sector, values) -> values;

  private final byte[] content = new byte[SIZE];
  // By sector: the values that it may have after a crash, the newest last.
  private final List<List<byte[]>> legal = new ArrayList<>();
  private CrashingBlockStore destination;
  private CrashingBlockStore metadata;
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private long nowNs;
  private Runnable atEveryChange = () -> {};
  private int crashes;

  private void blankMedia(Random random) {
    random.nextBytes(content);
    byte[] old = new byte[SIZE];
    Arrays.fill(old, SteppedClone.OLD);
    destination = new CrashingBlockStore(MemoryBlockStore.copyOf(old));
    metadata = new CrashingBlockStore(MetadataSize.forRegions(REGIONS));
    for (int sector = 0; sector < SECTORS; sector++) {
      legal.add(
          new ArrayList<>(
              List.of(Arrays.copyOfRange(content, sector * SECTOR, (sector + 1) * SECTOR))));
    }
  }

  @RepeatedTest(5)
  @Tag("A25")
  @Tag("B1")
  @Tag("B2")
  @Tag("B3")
  void everyCrashOfARandomHistoryLeavesOnlyLegalValues() throws IOException {
    Random random = Seed.random();
    blankMedia(random);
    atEveryChange = () -> crash(oneOf(random), oneOf(random));
    boolean passdown = random.nextBoolean();
    for (int life = 0; life < 2; life++) {
      try (CloneRuntime runtime = newRuntime();
          CloneDevice device = openDevice(runtime, passdown)) {
        for (int step = 0; step < 60; step++) {
          randomStep(random, runtime, device);
        }
        run(runtime);
      }
      // Closing commits, so what was written last is what must be there.
      collapse();
    }
    assertThat(crashes).isPositive();
  }

  private static SectorChoice oneOf(Random random) {
    return switch (random.nextInt(3)) {
      case 0 -> LOSES_ALL;
      case 1 -> KEEPS_ALL;
      default -> (sector, values) -> random.nextInt(values + 1);
    };
  }

  private void randomStep(Random random, CloneRuntime runtime, CloneDevice device) {
    int first = random.nextInt(SECTORS);
    int count = 1 + random.nextInt(Math.min(SECTORS - first, 1 << random.nextInt(6)));
    switch (random.nextInt(8)) {
      case 0, 1, 2 -> {
        byte[] data = new byte[count * SECTOR];
        random.nextBytes(data);
        remember(first, data);
        ByteBuffer buffer = ByteBuffer.wrap(data);
        boolean durable = random.nextInt(4) == 0;
        long offset = (long) first * SECTOR;
        var write = durable ? device.writeDurably(offset, buffer) : device.write(offset, buffer);
        run(runtime);
        write.join();
        if (durable) {
          collapse();
        }
      }
      case 3 -> {
        rememberDiscard(first * SECTOR, count * SECTOR);
        var discard = device.discard((long) first * SECTOR, (long) count * SECTOR);
        run(runtime);
        discard.join();
      }
      case 4 -> {
        var flush = device.flush();
        run(runtime);
        flush.join();
        collapse();
      }
      case 5 -> {
        device.hydrationThreshold(random.nextInt(3));
        run(runtime);
        device.hydrationThreshold(0);
      }
      default -> {
        nowNs += random.nextInt(1_500_000_000);
        run(runtime);
      }
    }
  }

  private void remember(int firstSector, byte[] data) {
    for (int i = 0; i < data.length / SECTOR; i++) {
      legal.get(firstSector + i).add(Arrays.copyOfRange(data, i * SECTOR, (i + 1) * SECTOR));
    }
  }

  private void rememberDiscard(int offset, int length) {
    for (int start = 0; start < SIZE; start += REGION) {
      int end = Math.min(SIZE, start + REGION);
      if (start >= offset && end <= offset + length) {
        remember(start / SECTOR, new byte[end - start]);
      }
    }
  }

  /** What was written last is durable. */
  private void collapse() {
    legal.forEach(values -> values.subList(0, values.size() - 1).clear());
  }

  private CloneRuntime newRuntime() {
    return CloneRuntime.builder()
        .steppedByCaller()
        .ioExecutor(tasks::add)
        .clock(() -> nowNs)
        .build();
  }

  private CloneDevice openDevice(CloneRuntime runtime, boolean passdown) throws IOException {
    return CloneDevice.builder()
        .source(MemoryBlockStore.copyOf(content))
        .destination(new Watched(destination))
        .metadata(new Watched(metadata))
        .regionSize(REGION)
        .runtime(runtime)
        .discardPassdown(passdown)
        .discardedReadsZeroes(true)
        .hydration(Hydration.background().threshold(0).batchSize(2))
        .open();
  }

  private void run(CloneRuntime runtime) {
    boolean ran = true;
    while (ran) {
      ran = runtime.step() > 0;
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        task.run();
        ran = true;
      }
    }
  }

  /** Cuts the power, opens what is left with a fresh device and reads all of it. */
  private void crash(SectorChoice ofDestination, SectorChoice ofMetadata) {
    crashes++;
    byte[] found = new byte[SIZE];
    Runnable resumed = atEveryChange;
    atEveryChange = () -> {};
    try (CloneRuntime runtime =
            CloneRuntime.builder().steppedByCaller().ioExecutor(Runnable::run).build();
        CloneDevice device =
            CloneDevice.builder()
                .source(MemoryBlockStore.copyOf(content))
                .destination(destination.crash(ofDestination))
                .metadata(metadata.crash(ofMetadata))
                .regionSize(REGION)
                .runtime(runtime)
                .hydration(Hydration.disabled())
                .open()) {
      device.blocking().read(0, ByteBuffer.wrap(found));
    } catch (IOException e) {
      throw new AssertionError("does not open after crash " + crashes, e);
    }
    for (int sector = 0; sector < SECTORS; sector++) {
      byte[] value = Arrays.copyOfRange(found, sector * SECTOR, (sector + 1) * SECTOR);
      assertThat(legal.get(sector).stream().anyMatch(one -> Arrays.equals(one, value)))
          .as(
              "sector %d after crash %d is none of its values, begins %d",
              sector, crashes, value[0])
          .isTrue();
    }
    atEveryChange = resumed;
  }

  @Test
  @Tag("B1")
  @Tag("A25")
  void regionsThatTheTickCommittedSurviveTheLossOfEverythingUnflushed() throws IOException {
    blankMedia(new Random(1));
    try (CloneRuntime runtime = newRuntime();
        CloneDevice device = openDevice(runtime, true)) {
      device.hydrationThreshold(4);
      for (int ms = 0; ms < 3_000; ms += 100) {
        nowNs += 100_000_000;
        run(runtime);
        crash(LOSES_ALL, KEEPS_ALL);
      }
      assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
      crash(LOSES_ALL, LOSES_ALL);
    }
  }

  @Test
  @Tag("A25")
  @Tag("A21")
  void acknowledgedDurableWriteSurvivesTheLossOfEverythingUnflushed() throws IOException {
    blankMedia(new Random(1));
    try (CloneRuntime runtime = newRuntime();
        CloneDevice device = openDevice(runtime, true)) {
      byte[] data = filled(3 * SECTOR, 1);
      remember(17, data);
      var write = device.writeDurably(17 * SECTOR, ByteBuffer.wrap(data));
      run(runtime);
      write.join();
      collapse();

      crash(LOSES_ALL, LOSES_ALL);
    }
  }

  @Test
  @Tag("B1")
  @Tag("B2")
  @Tag("B3")
  void crashAfterACommitDuringWhichOtherRegionsWereWrittenReadsNoGarbage() throws IOException {
    blankMedia(new Random(1));
    CloneDevice[] opened = new CloneDevice[1];
    boolean[] wrote = new boolean[1];
    try (CloneRuntime runtime = newRuntime();
        CloneDevice device = openDevice(runtime, true)) {
      opened[0] = device;
      write(runtime, device, 0, filled(REGION, 1));
      destination.flush();
      // The next change is the first metadata write: the destination has been flushed by then, and
      // what is written here is not.
      atEveryChange =
          () -> {
            if (!wrote[0]) {
              wrote[0] = true;
              for (int region = 1; region < 6; region++) {
                byte[] data = filled(REGION, 2);
                remember(region * REGION / SECTOR, data);
                opened[0].write((long) region * REGION, ByteBuffer.wrap(data)).join();
              }
            }
          };
      var flush = device.flush();
      run(runtime);
      flush.join();
      atEveryChange = () -> {};

      assertThat(wrote[0]).isTrue();
      crash(LOSES_ALL, KEEPS_ALL);
      assertThat(CommittedRegions.on(metadata.crash(KEEPS_ALL))).containsExactly(0L);
    }
  }

  private void write(CloneRuntime runtime, CloneDevice device, int offset, byte[] data) {
    remember(offset / SECTOR, data);
    var write = device.write(offset, ByteBuffer.wrap(data));
    run(runtime);
    write.join();
  }

  /** Tells of every change before it is made, and stays open when the device is closed. */
  private final class Watched extends FilterBlockStore {
    Watched(BlockStore delegate) {
      super(delegate);
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
      atEveryChange.run();
      super.write(offset, source);
    }

    @Override
    public void flush() throws IOException {
      atEveryChange.run();
      super.flush();
      atEveryChange.run();
    }

    @Override
    public void discard(long offset, long length) throws IOException {
      atEveryChange.run();
      super.discard(offset, length);
    }

    @Override
    public void writeAsync(
        long offset, ByteBuffer source, io.clonedevice.store.IoCompletion completion) {
      completion.run(() -> write(offset, source));
    }

    @Override
    public void flushAsync(io.clonedevice.store.IoCompletion completion) {
      completion.run(this::flush);
    }

    @Override
    public void discardAsync(
        long offset, long length, io.clonedevice.store.IoCompletion completion) {
      completion.run(() -> discard(offset, length));
    }

    @Override
    public boolean tryLock() {
      return true;
    }

    @Override
    public void close() {}
  }
}
