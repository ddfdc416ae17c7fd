package io.clonedevice.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.clonedevice.metadata.tool.MetadataCheck;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A metadata device that fails, at every call in turn. */
class MetadataFaultTest {
  private static final int REGIONS = 70_000;
  private static final RegionGeometry GEOMETRY = new RegionGeometry(REGIONS * 4096L, 4096);

  private MemoryMetadataDevice device;

  @BeforeEach
  void makeDevice() {
    device = new MemoryMetadataDevice(64);
  }

  /** Commits as the engine does. */
  private static void commit(CloneMetadata metadata) throws IOException {
    CloneMetadata.Commit commit = metadata.beginCommit();
    try {
      metadata.finishCommit(commit);
    } catch (IOException e) {
      metadata.abort(commit);
      throw e;
    }
  }

  @Test
  @Tag("A41")
  @Tag("B21")
  void faultAtAnyCallOfACommitLeavesTheMapAndTurnsReadOnly() throws IOException {
    int faults = 0;
    for (int call = 0; ; call++) {
      makeDevice();
      try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
        metadata.markHydrated(5, 10);
        commit(metadata);
        metadata.markHydrated(40_000, 20_000);
        List<List<Long>> marked = Ranges.of(metadata);
        device.faultAtCall(call);
        if (!commitFails(metadata)) {
          assertThat(device.faulted).isFalse();
          break;
        }
        faults++;
        assertThat(metadata.mode()).as("call " + call).isEqualTo(MetadataMode.READ_ONLY);
        assertThat(Ranges.of(metadata)).as("call " + call).isEqualTo(marked);
        assertThat(metadata.hasUncommittedChanges()).as("call " + call).isTrue();
        assertThat(MetadataCheck.of(device.copy()).faults()).as("call " + call).isEmpty();

        metadata.reopenReadWrite();
        assertThat(metadata.mode()).isEqualTo(MetadataMode.READ_WRITE);
        metadata.markHydrated(0, 1);
        commit(metadata);
        assertThat(metadata.hasUncommittedChanges()).isFalse();
        assertThat(MetadataCheck.of(device.copy()).faults()).as("call " + call).isEmpty();
        try (CloneMetadata reopened = CloneMetadata.openReadOnly(device.copy())) {
          assertThat(Ranges.of(reopened)).as("call " + call).isEqualTo(Ranges.of(metadata));
        }
      }
    }
    // Two looks at block 0, some writes, two flushes.
    assertThat(faults).isGreaterThanOrEqualTo(6);
  }

  private static boolean commitFails(CloneMetadata metadata) {
    return catchThrowableOfType(IOException.class, () -> commit(metadata)) != null;
  }

  @Test
  @Tag("A42")
  void abortThatMeetsAnUncheckedExceptionFailsAsOneThatMeetsAnIoException() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(7, 1);
      CloneMetadata.Commit commit = metadata.beginCommit();
      device.uncheckedFaults = true;
      device.fail(true, true, true);
      assertThatThrownBy(() -> metadata.finishCommit(commit))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("injected fault");

      metadata.abort(commit);

      assertThat(metadata.mode()).isEqualTo(MetadataMode.FAIL);
    }
  }

  @Test
  void faultAtAnyCallOfOpeningLeavesNothingBehind() throws IOException {
    CloneMetadata.open(device, GEOMETRY).close();
    device.closed = false;
    long held = OffHeapMemory.allocatedBytes();
    int call = 0;
    for (; ; call++) {
      device.faultAtCall(call);
      if (catchThrowableOfType(
              IOException.class, () -> CloneMetadata.open(device, GEOMETRY).close())
          == null) {
        break;
      }
      assertThat(OffHeapMemory.allocatedBytes()).as("call " + call).isEqualTo(held);
      assertThat(device.closed).as("stays the caller's").isFalse();
    }
    assertThat(call).isGreaterThanOrEqualTo(5);
    assertThat(OffHeapMemory.allocatedBytes()).isEqualTo(held);
  }

  @Test
  @Tag("B12")
  void faultAtAnyCallOfFormattingLeavesNothingBehind() throws IOException {
    long held = OffHeapMemory.allocatedBytes();
    int call = 0;
    for (; ; call++) {
      makeDevice();
      device.faultAtCall(call);
      if (catchThrowableOfType(
              IOException.class, () -> CloneMetadata.open(device, GEOMETRY).close())
          == null) {
        break;
      }
      assertThat(OffHeapMemory.allocatedBytes()).as("call " + call).isEqualTo(held);
      device.heal();
      CloneMetadata.open(device, GEOMETRY).close();
    }
    assertThat(call).isGreaterThanOrEqualTo(5);
  }

  @Test
  @Tag("A42")
  @Tag("A43")
  void metadataThatCannotBeReadAnyMoreFailsForGood() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(7, 1);
      device.fail(true, true, true);
      assertThat(commitFails(metadata)).isTrue();
      assertThat(metadata.mode()).isEqualTo(MetadataMode.FAIL);

      device.heal();
      assertThatThrownBy(metadata::reopenReadWrite).isInstanceOf(MetadataModeException.class);
      assertThat(metadata.mode()).isEqualTo(MetadataMode.FAIL);
      assertThatThrownBy(() -> metadata.markHydrated(1, 1))
          .isInstanceOf(MetadataModeException.class);
    }
  }

  @Test
  @Tag("A23")
  @Tag("A44")
  void readOnlyModeRefusesMarksAndCommitsWithTheMode() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(7, 1);
      device.fail(false, true, false);
      assertThat(commitFails(metadata)).isTrue();

      MetadataModeException refusal =
          catchThrowableOfType(MetadataModeException.class, () -> metadata.markHydrated(8, 1));
      assertThat(refusal.mode()).isEqualTo(MetadataMode.READ_ONLY);
      assertThatThrownBy(metadata::beginCommit).isInstanceOf(MetadataModeException.class);
      assertThat(metadata.regionMap().isHydrated(7)).isTrue();
    }
  }

  @Test
  void reopeningWhileTheDeviceFailsChangesNothing() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(7, 1);
      CloneMetadata.Commit commit = metadata.beginCommit();
      device.faultAtCall(callsOfACommit() - 1);
      assertThatThrownBy(() -> metadata.finishCommit(commit)).isInstanceOf(IOException.class);
      metadata.abort(commit);

      device.fail(false, true, true);
      assertThatThrownBy(metadata::reopenReadWrite).hasMessageContaining("injected fault");
      assertThat(metadata.mode()).isEqualTo(MetadataMode.READ_ONLY);

      device.heal();
      metadata.reopenReadWrite();
      commit(metadata);
      assertThat(MetadataCheck.of(device).faults()).isEmpty();
    }
  }

  /** The flush of the superblock failed, and what a read saw then was lost with the power. */
  @Test
  void stateIsSoundWhicheverSuperblockSurvivedAFailedFlush() throws IOException {
    for (boolean newOneSurvives : new boolean[] {false, true}) {
      makeDevice();
      try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
        byte[] old = device.block(0);
        metadata.markHydrated(7, 1);
        device.faultAtCall(callsOfACommit() - 1);
        assertThat(commitFails(metadata)).isTrue();
        assertThat(device.block(0)).isNotEqualTo(old);
        if (!newOneSurvives) {
          device.put(0, old);
        }
        metadata.reopenReadWrite();
        assertThat(device.flushes).as("the survivor is made durable").isEqualTo(4);
        metadata.markHydrated(50_000, 1);
        commit(metadata);
        try (CloneMetadata reopened = CloneMetadata.openReadOnly(device.copy())) {
          assertThat(Ranges.of(reopened)).containsExactly(List.of(7L, 1L), List.of(50_000L, 1L));
        }
      }
    }
  }

  /** Counts the calls of a commit with one dirty region on a device like the test's. */
  private static long callsOfACommit() throws IOException {
    MemoryMetadataDevice twin = new MemoryMetadataDevice(64);
    try (CloneMetadata metadata = CloneMetadata.open(twin, GEOMETRY)) {
      metadata.markHydrated(7, 1);
      long calls = twin.calls;
      commit(metadata);
      return twin.calls - calls;
    }
  }

  @Test
  @Tag("B14")
  void superblockOfAnotherInstanceStopsTheCommitBeforeItWrites() throws IOException {
    try (CloneMetadata stale = CloneMetadata.open(device, GEOMETRY)) {
      CloneMetadata other = CloneMetadata.open(device, GEOMETRY);
      other.markHydrated(1, 1);
      commit(other);
      stale.markHydrated(2, 1);
      long written = device.blocksWritten;

      CloneMetadata.Commit commit = stale.beginCommit();
      assertThatThrownBy(() -> stale.finishCommit(commit))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("was not written by this instance");
      stale.abort(commit);

      assertThat(device.blocksWritten).isEqualTo(written);
      assertThat(stale.mode()).isEqualTo(MetadataMode.READ_ONLY);
      assertThat(stale.regionMap().isHydrated(2)).isTrue();
      other.markHydrated(3, 1);
      commit(other);
      assertThat(MetadataCheck.of(device).faults()).isEmpty();
    }
  }

  @Test
  @Tag("B14")
  void metadataIsNotReopenedReadWriteWhileTheSuperblockIsAnothers() throws IOException {
    try (CloneMetadata stale = CloneMetadata.open(device, GEOMETRY)) {
      byte[] own = device.block(0);
      CloneMetadata other = CloneMetadata.open(device, GEOMETRY);
      other.markHydrated(1, 1);
      commit(other);
      stale.markHydrated(2, 1);
      assertThat(commitFails(stale)).isTrue();
      byte[] before = device.image();

      for (int attempt = 0; attempt < 2; attempt++) {
        assertThatThrownBy(stale::reopenReadWrite)
            .isInstanceOf(IOException.class)
            .hasMessageContaining("was not written by this instance");
        assertThat(stale.mode()).isEqualTo(MetadataMode.READ_ONLY);
      }
      assertThat(device.image()).isEqualTo(before);

      device.put(0, own);
      stale.reopenReadWrite();
      assertThat(stale.mode()).isEqualTo(MetadataMode.READ_WRITE);
    }
  }

  @Test
  @Tag("B1")
  void commitAbortedBecauseTheDestinationWasNotFlushedRecordsNothing() throws IOException {
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      byte[] before = device.image();
      metadata.markHydrated(7, 1);
      metadata.abort(metadata.beginCommit());

      assertThat(device.image()).isEqualTo(before);
      assertThat(metadata.mode()).isEqualTo(MetadataMode.READ_ONLY);
      assertThat(metadata.hasUncommittedChanges()).isTrue();

      metadata.reopenReadWrite();
      commit(metadata);
      assertThat(metadata.committedHydratedCount()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 9})
  void commitWithoutSpaceFailsAndCanBeAborted(int blocks) throws IOException {
    // As the kernel accepts it: room for the format, none for a commit.
    RegionGeometry small = new RegionGeometry(1000 * 4096L, 4096);
    MemoryMetadataDevice roomy = new MemoryMetadataDevice(10);
    CloneMetadata.open(roomy, small).close();
    MemoryMetadataDevice cramped = new MemoryMetadataDevice(blocks);
    CrampedMetadata.rewrite(roomy, cramped);
    assertThat(MetadataCheck.of(cramped).faults()).isEmpty();

    try (CloneMetadata metadata = CloneMetadata.open(cramped, small)) {
      metadata.markHydrated(7, 1);
      assertThatThrownBy(() -> commit(metadata)).hasMessageContaining("No space left");
      assertThat(metadata.mode()).isEqualTo(MetadataMode.READ_ONLY);
      assertThat(MetadataCheck.of(cramped).faults()).isEmpty();
    }
  }
}
