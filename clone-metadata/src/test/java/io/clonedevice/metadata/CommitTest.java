package io.clonedevice.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What belongs to a commit, and what does not. */
class CommitTest {
  private static final RegionGeometry GEOMETRY = new RegionGeometry(70_000 * 4096L, 4096);

  private MemoryMetadataDevice device;

  @BeforeEach
  void makeDevice() {
    device = new MemoryMetadataDevice(64);
  }

  private static List<List<Long>> onDevice(MemoryMetadataDevice device) throws IOException {
    try (CloneMetadata metadata = CloneMetadata.openReadOnly(device.copy())) {
      return Ranges.of(metadata);
    }
  }

  @Test
  @Tag("B2")
  void regionMarkedDuringTheDestinationFlushIsNotCommitted() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(10, 1);
      CloneMetadata.Commit commit = metadata.beginCommit();
      metadata.markHydrated(60_000, 1);
      metadata.finishCommit(commit);
      assertThat(onDevice(device)).containsExactly(List.of(10L, 1L));

      assertThat(metadata.hasUncommittedChanges()).isTrue();
      metadata.finishCommit(metadata.beginCommit());
      assertThat(onDevice(device)).containsExactly(List.of(10L, 1L), List.of(60_000L, 1L));
      assertThat(metadata.hasUncommittedChanges()).isFalse();
    }
  }

  @Test
  @Tag("B3")
  void neighbourInTheSameWordMarkedAfterTheFreezeIsNotCommitted() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(10, 1);
      CloneMetadata.Commit commit = metadata.beginCommit();
      metadata.markHydrated(11, 1);
      metadata.finishCommit(commit);
      assertThat(onDevice(device)).containsExactly(List.of(10L, 1L));

      metadata.finishCommit(metadata.beginCommit());
      assertThat(onDevice(device)).containsExactly(List.of(10L, 2L));
    }
  }

  @Test
  @Tag("B3")
  void cleanWordOfTheSameArrayBlockMarkedAfterTheFreezeKeepsItsCommittedValue() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(640, 3);
      metadata.finishCommit(metadata.beginCommit());
      metadata.markHydrated(10, 1);
      CloneMetadata.Commit commit = metadata.beginCommit();
      metadata.markHydrated(650, 1);
      metadata.finishCommit(commit);
      assertThat(onDevice(device)).containsExactly(List.of(10L, 1L), List.of(640L, 3L));
      assertThat(metadata.committedHydratedCount()).isEqualTo(4);
    }
  }

  @Test
  @Tag("B3")
  void whatIsMarkedDuringACommitThatFailsIsCommittedByTheNextOne() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(10, 1);
      CloneMetadata.Commit commit = metadata.beginCommit();
      metadata.markHydrated(60_000, 1);
      metadata.abort(commit);

      metadata.reopenReadWrite();
      metadata.finishCommit(metadata.beginCommit());
      assertThat(onDevice(device)).containsExactly(List.of(10L, 1L), List.of(60_000L, 1L));
    }
  }

  @Test
  void fullWordStaysFullInTheCommit() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(64, 128);
      metadata.markHydrated(69_990, 10);
      CloneMetadata.Commit commit = metadata.beginCommit();
      metadata.markHydrated(0, 70_000);
      metadata.finishCommit(commit);
      assertThat(onDevice(device)).containsExactly(List.of(64L, 128L), List.of(69_990L, 10L));
    }
  }

  @Test
  @Tag("B2")
  void secondBeginBeforeTheFinishIsRefused() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      CloneMetadata.Commit commit = metadata.beginCommit();
      assertThatIllegalStateException()
          .isThrownBy(metadata::beginCommit)
          .withMessageContaining("under way");
      metadata.finishCommit(commit);
      metadata.finishCommit(metadata.beginCommit());
    }
  }

  @Test
  void commitCanBeEndedOnceOnly() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      CloneMetadata.Commit commit = metadata.beginCommit();
      metadata.finishCommit(commit);
      assertThatIllegalStateException().isThrownBy(() -> metadata.finishCommit(commit));
      assertThatIllegalStateException().isThrownBy(() -> metadata.abort(commit));
    }
  }

  @Test
  @Tag("A64")
  void nothingIsWrittenOrFlushedWhenNothingChanged() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(5, 5);
      metadata.finishCommit(metadata.beginCommit());
      long calls = device.calls;
      metadata.markHydrated(6, 2);
      assertThat(metadata.hasUncommittedChanges()).isFalse();
      metadata.finishCommit(metadata.beginCommit());
      assertThat(device.calls).isEqualTo(calls);
    }
  }

  @Test
  @Tag("A64")
  void onlyChangedArrayBlocksAreWritten() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      long before = device.blocksWritten;
      metadata.markHydrated(40_000, 1);
      metadata.finishCommit(metadata.beginCommit());
      // One of three array blocks, the root, the bitmap, the index, the superblock.
      assertThat(device.blocksWritten - before).isEqualTo(5);
    }
  }

  @Test
  @Tag("A65")
  void superblockIsWrittenLastBetweenTwoFlushes() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(40_000, 1);
      List<MemoryMetadataDevice.Operation> operations = device.record();
      metadata.finishCommit(metadata.beginCommit());
      int last = operations.size() - 1;
      assertThat(operations.get(last).isFlush()).isTrue();
      assertThat(operations.get(last - 1).firstBlock()).isZero();
      assertThat(operations.get(last - 1).blocks()).hasSize(1);
      assertThat(operations.get(last - 2).isFlush()).isTrue();
      assertThat(operations.subList(0, last - 2))
          .allMatch(operation -> !operation.isFlush() && operation.firstBlock() > 0);
    }
  }

  @Test
  void changesAreUncommittedFromTheMarkToTheEndOfTheCommit() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      assertThat(metadata.hasUncommittedChanges()).isFalse();
      metadata.markHydrated(0, 1);
      assertThat(metadata.hasUncommittedChanges()).isTrue();
      CloneMetadata.Commit commit = metadata.beginCommit();
      assertThat(metadata.hasUncommittedChanges()).isTrue();
      metadata.finishCommit(commit);
      assertThat(metadata.hasUncommittedChanges()).isFalse();
    }
  }

  @Test
  @Tag("B15")
  void hydrationIsCommittedWhenTheLastRegionIsDurableAndNotBefore() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(0, 69_999);
      CloneMetadata.Commit commit = metadata.beginCommit();
      metadata.markHydrated(69_999, 1);
      assertThat(metadata.regionMap().hydratedCount()).isEqualTo(70_000);
      metadata.finishCommit(commit);
      assertThat(metadata.isHydrationCommitted()).isFalse();
      metadata.finishCommit(metadata.beginCommit());
      assertThat(metadata.isHydrationCommitted()).isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 1",
    "0, 0",
    "0, -1",
    "70000, 1",
    "69999, 2",
    "0, 70001",
    "1, 9223372036854775807",
    "9223372036854775807, 1",
    "9223372036854775807, 9223372036854775807",
    "-9223372036854775808, 1",
    "5, -9223372036854775808",
  })
  @Tag("B9")
  void regionsOutOfRangeAreRefusedAndNothingIsMarked(long first, long count) throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      assertThatThrownBy(() -> metadata.markHydrated(first, count))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessageContaining(Long.toString(first))
          .hasMessageContaining("69999");
      assertThat(metadata.regionMap().hydratedCount()).isZero();
      assertThat(metadata.hasUncommittedChanges()).isFalse();
    }
  }

  @Test
  @Tag("A69")
  void releasedMapAnswersThatAllIsHydratedAndHoldsNoMemory() throws IOException {
    long held = OffHeapMemory.allocatedBytes();
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(0, 70_000);
      metadata.finishCommit(metadata.beginCommit());
      metadata.releaseRegionMap();
      metadata.releaseRegionMap();

      assertThat(OffHeapMemory.allocatedBytes()).isEqualTo(held);
      RegionMap map = metadata.regionMap();
      assertThat(map.isHydrated(69_999)).isTrue();
      assertThat(map.endOfRun(0, 70_000)).isEqualTo(70_000);
      assertThat(map.signedRun(0, 70_000)).isEqualTo(70_000);
      assertThat(map.nextUnhydrated(3)).isEqualTo(70_000);
      assertThat(map.hydratedCount()).isEqualTo(70_000);
      metadata.markHydrated(5, 5);
      metadata.finishCommit(metadata.beginCommit());
      assertThat(metadata.hasUncommittedChanges()).isFalse();
    }
    assertThat(OffHeapMemory.allocatedBytes()).isEqualTo(held);
  }

  @Test
  void mapIsNotReleasedBeforeHydrationIsCommitted() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(0, 70_000);
      assertThatIllegalStateException().isThrownBy(metadata::releaseRegionMap);
      assertThat(metadata.regionMap().isHydrated(0)).isTrue();
    }
  }

  @Test
  void closedMetadataRefusesEverythingAndHoldsNoMemory() throws IOException {
    long held = OffHeapMemory.allocatedBytes();
    CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY);
    RegionMap map = metadata.regionMap();
    metadata.close();
    metadata.close();

    assertThat(OffHeapMemory.allocatedBytes()).isEqualTo(held);
    assertThat(device.closed).isTrue();
    assertThatIllegalStateException().isThrownBy(() -> map.isHydrated(0));
    assertThatIllegalStateException().isThrownBy(() -> map.endOfRun(0, 1));
    assertThatIllegalStateException().isThrownBy(() -> map.signedRun(0, 1));
    assertThatIllegalStateException().isThrownBy(() -> map.nextUnhydrated(0));
    assertThatIllegalStateException().isThrownBy(() -> metadata.markHydrated(0, 1));
    assertThatIllegalStateException().isThrownBy(metadata::beginCommit);
    assertThatIllegalStateException().isThrownBy(metadata::reopenReadWrite);
    assertThatIllegalStateException().isThrownBy(metadata::releaseRegionMap);
  }
}
