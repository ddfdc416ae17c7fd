package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CallJournal;
import io.clonedevice.testing.GatedBlockStore;
import io.clonedevice.testing.RecordingBlockStore;
import io.clonedevice.testing.StoreCall;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a device writes its metadata, seen from the metadata device. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class MetadataOnDiskTest {
  private static final int REGION = 4096;

  // Three array blocks of 32,576 regions.
  private static final long REGIONS = 80_000;

  private final CallJournal journal = new CallJournal();
  private final MemoryBlockStore metadata = new MemoryBlockStore(MetadataSize.forRegions(REGIONS));
  private final GatedBlockStore gate = new GatedBlockStore(metadata);

  private CloneDevice open() throws IOException {
    return CloneDevice.builder()
        .source(new MemoryBlockStore(REGIONS * REGION))
        .destination(new MemoryBlockStore(REGIONS * REGION))
        .metadata(new RecordingBlockStore("metadata", gate, journal))
        .regionSize(REGION)
        .hydration(Hydration.disabled())
        .open();
  }

  @Test
  @Tag("A64")
  void aCommitWritesOnlyWhatIsConcernedByTheRegionsThatChanged() throws Exception {
    try (CloneDevice device = open()) {
      device.blocking().write(40_000L * REGION, ByteBuffer.allocate(REGION));
      journal.clear();
      device.blocking().flush();
      long blocks =
          journal.calls().stream()
                  .filter(call -> call.operation() == Operation.WRITE)
                  .mapToLong(StoreCall::length)
                  .sum()
              / 4096;
      // Superblock, index, bitmap, root, one of the three array blocks.
      assertThat(blocks).isBetween(5L, 6L);
      assertThat(OnDisk.hydratedRegions(metadata.contents())).isEqualTo(1);

      // Nothing changed, nothing is written.
      journal.clear();
      device.blocking().write(40_000L * REGION, ByteBuffer.allocate(512));
      device.blocking().flush();
      assertThat(journal.calls()).isEmpty();
    }
  }

  @Test
  @Tag("A64")
  void regionsAreMarkedWhileACommitRunsAndBelongToTheNext() throws Exception {
    try (CloneDevice device = open()) {
      device.blocking().write(0, ByteBuffer.allocate(REGION));
      gate.hold(Operation.WRITE);
      CompletableFuture<Void> flush = device.flush();
      gate.awaitWaiting(1);
      // The same 64-bit word of the bitmap, and another.
      device.write(REGION, ByteBuffer.allocate(REGION)).get(20, TimeUnit.SECONDS);
      device.write(70_000L * REGION, ByteBuffer.allocate(REGION)).get(20, TimeUnit.SECONDS);
      assertThat(flush).isNotDone();
      gate.open();
      flush.get(20, TimeUnit.SECONDS);
      assertThat(OnDisk.hydratedRegions(metadata.contents())).isEqualTo(1);
      device.flush().get(20, TimeUnit.SECONDS);
      assertThat(OnDisk.hydratedRegions(metadata.contents())).isEqualTo(3);
    }
  }

  @Test
  @Tag("A65")
  void theSuperblockIsWrittenLastBetweenTwoFlushesAndCommittedBlocksAreNotTouched()
      throws Exception {
    try (CloneDevice device = open()) {
      for (int round = 0; round < 5; round++) {
        device.blocking().write(round * 9_000L * REGION, ByteBuffer.allocate(REGION));
        byte[] before = metadata.contents();
        journal.clear();
        device.blocking().flush();

        List<StoreCall> calls = journal.calls().stream().filter(c -> !isRead(c)).toList();
        int count = calls.size();
        assertThat(count).as("blocks besides the superblock").isGreaterThan(3);
        assertThat(calls.get(count - 1).operation()).isEqualTo(Operation.FLUSH);
        assertThat(calls.get(count - 2))
            .isEqualTo(new StoreCall("metadata", Operation.WRITE, 0, 4096));
        assertThat(calls.get(count - 3).operation()).isEqualTo(Operation.FLUSH);
        for (StoreCall call : calls.subList(0, count - 3)) {
          assertThat(call.operation()).isEqualTo(Operation.WRITE);
          assertThat(call.offset()).isPositive();
        }
        assertThatTheOldSuperblockIsGoodStill(before, calls);
      }
    }
  }

  private static boolean isRead(StoreCall call) {
    return call.operation() == Operation.READ;
  }

  /** The power fails before the superblock is written: the state before must be whole. */
  private void assertThatTheOldSuperblockIsGoodStill(byte[] before, List<StoreCall> calls)
      throws Exception {
    byte[] now = metadata.contents();
    System.arraycopy(before, 0, now, 0, 4096);
    MemoryBlockStore crashed = MemoryBlockStore.copyOf(now);
    try (CloneMetadata found = CloneMetadata.openReadOnly(new BlockStoreMetadataDevice(crashed))) {
      assertThat(found.regionMap().hydratedCount())
          .as("before %s", calls)
          .isEqualTo(OnDisk.hydratedRegions(metadata.contents()) - 1);
    }
  }

  @Test
  @Tag("A60")
  void aMetadataDeviceThatIsLargerThanTheFormatCanManageIsUsedInPart() throws Exception {
    // 16 GiB and a block.
    MemoryBlockStore metadata = new MemoryBlockStore((16L << 30) + 4096);
    try (CapturedLog log = new CapturedLog();
        CloneDevice device =
            CloneDevice.builder()
                .source(new MemoryBlockStore(1 << 20))
                .destination(new MemoryBlockStore(1 << 20))
                .metadata(metadata)
                .hydration(Hydration.disabled())
                .open()) {
      assertThat(log.text())
          .contains("is larger than 33292800 sectors: excess space will not be used.");
      assertThat(device.status().metadataTotalBlocks()).isEqualTo(255L * 16320);
      device.blocking().write(0, ByteBuffer.allocate(512));
      device.blocking().flush();
    }
  }

  @ParameterizedTest
  @Tag("B22")
  @ValueSource(ints = {10, 11, 12, 20})
  void aMetadataDeviceThatIsAcceptedHasRoomForEveryCommit(int blocks) throws Exception {
    int size = 4096 * REGION;
    MemoryBlockStore metadata = new MemoryBlockStore(blocks * 4096L);
    try (CloneDevice device =
        CloneDevice.builder()
            .source(new MemoryBlockStore(size))
            .destination(new MemoryBlockStore(size))
            .metadata(metadata)
            .regionSize(REGION)
            .hydration(Hydration.disabled())
            .open()) {
      for (int i = 0; i < 64; i++) {
        device.blocking().write(i * 64L * REGION, ByteBuffer.allocate(REGION));
        device.blocking().flush();
      }
      device.enableHydration();
      device.hydrated().get(20, TimeUnit.SECONDS);
      assertThat(device.status().hydratedRegions()).isEqualTo(4096);
    }
  }

  @Test
  @Tag("B7")
  @Tag("B8")
  @Tag("B9")
  void theLargestNumberOfRegionsIsCountedWithoutASign(@TempDir Path directory) throws Exception {
    long regions = 1L << 31;
    Path file = directory.resolve("metadata");
    try (CloneDevice device = openLargest(file, regions)) {
      device.blocking().write((regions - 1) * REGION, ByteBuffer.allocate(REGION));
      device.blocking().discard(0, (regions - 1) / 2 * REGION);
      assertThat(device.statusNoFlush().hydratedRegions()).isEqualTo((regions - 1) / 2 + 1);
      device.blocking().discard(0, regions * REGION);
      assertThat(device.statusNoFlush().regionCount()).isEqualTo(2147483648L);
      assertThat(device.statusNoFlush().hydratedRegions()).isEqualTo(2147483648L);
      device.hydrated().get(40, TimeUnit.SECONDS);
    }
  }

  private static CloneDevice openLargest(Path file, long regions) throws Exception {
    return CloneDevice.builder()
        .source(new MemoryBlockStore(regions * REGION))
        .destination(new MemoryBlockStore(regions * REGION))
        .metadata(FileChannelBlockStore.create(file, MetadataSize.forRegions(regions)))
        .regionSize(REGION)
        .discardPassdown(false)
        .hydration(Hydration.disabled())
        .open();
  }
}
