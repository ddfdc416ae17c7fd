package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataModeException;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.CloneFixture;
import io.clonedevice.testing.GatedBlockStore;
import io.clonedevice.testing.StoreCall;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a flush does, in which order, and what it may not promise. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FlushAndCommitTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 16;

  private final SteppedClone stepped = new SteppedClone(REGIONS * REGION, REGION);

  @AfterEach
  void close() {
    stepped.close();
  }

  @Test
  @Tag("A20")
  @Tag("A65")
  @Tag("B1")
  @Tag("B4")
  void commitFlushesTheDestinationThenWritesMetadataThenTheSuperblock() {
    CloneDevice device = stepped.open();
    stepped.write(0, filled(REGION, 1));
    stepped.journal().clear();

    stepped.await(device.flush());

    List<StoreCall> changes =
        stepped.journal().calls().stream()
            .filter(call -> call.operation() != Operation.READ)
            .toList();
    int count = changes.size();
    assertThat(changes.get(0)).hasToString("flush of destination");
    assertThat(changes.subList(1, count - 3))
        .isNotEmpty()
        .allSatisfy(
            call -> {
              assertThat(call.store()).isEqualTo("metadata");
              assertThat(call.operation()).isEqualTo(Operation.WRITE);
              assertThat(call.offset()).as("superblock last").isPositive();
            });
    assertThat(changes.subList(count - 3, count))
        .extracting(StoreCall::toString)
        .containsExactly(
            "flush of metadata", "write of 4096 bytes at byte 0 of metadata", "flush of metadata");
    assertThat(stepped.calls("source")).isEmpty();
  }

  @Test
  @Tag("B4")
  @Tag("A20")
  void flushWithoutChangesFlushesTheDestinationOnceAndNothingElse() {
    CloneDevice device = stepped.open();
    stepped.write(0, filled(REGION, 1));
    stepped.await(device.flush());
    stepped.write(512, filled(512, 2));
    stepped.journal().clear();

    stepped.await(device.flush());

    assertThat(stepped.journal().calls())
        .extracting(StoreCall::toString)
        .containsExactly("flush of destination");
  }

  @Test
  @Tag("A21")
  void durableWriteCompletesAfterTheCommitOfItsRegion() {
    CloneDevice device = stepped.open();
    List<Object> seen = new ArrayList<>();
    CompletableFuture<Void> write =
        device
            .writeDurably(REGION, ByteBuffer.wrap(filled(REGION, 1)))
            .thenRun(() -> seen.add(stepped.committedRegions()));

    stepped.await(write);

    assertThat(seen).hasToString("[[1]]");
    assertThat(stepped.calls("destination"))
        .extracting(StoreCall::toString)
        .containsExactly("write of 4096 bytes at byte 4096 of destination", "flush of destination");
  }

  @Test
  @Tag("A21")
  void durableWriteToAHydratedRegionNeedsNoCommit() {
    CloneDevice device = stepped.open();
    stepped.write(0, filled(REGION, 1));
    stepped.await(device.flush());
    stepped.journal().clear();

    stepped.await(device.writeDurably(512, ByteBuffer.wrap(filled(512, 2))));

    assertThat(stepped.journal().calls())
        .extracting(StoreCall::toString)
        .containsExactly("write of 512 bytes at byte 512 of destination", "flush of destination");
  }

  @Test
  @Tag("A21")
  void durableWriteWhoseFlushFailsFails() {
    CloneDevice device = stepped.open();
    stepped.destination().faults().failCall(0, Operation.FLUSH);

    CompletableFuture<Void> write = device.writeDurably(0, ByteBuffer.wrap(filled(REGION, 1)));

    assertThat(stepped.failureOf(write)).isInstanceOf(BlockIoException.class);
  }

  @Test
  @Tag("A22")
  @Tag("B4")
  void manyFlushesAndDurableWritesShareOneCommit() {
    CloneDevice device = stepped.open();
    List<CompletableFuture<Void>> requests = new ArrayList<>();
    for (int region = 0; region < 8; region++) {
      requests.add(device.writeDurably((long) region * REGION, ByteBuffer.wrap(filled(REGION, 1))));
      requests.add(device.flush());
    }

    requests.forEach(stepped::await);

    assertThat(stepped.calls("destination", Operation.FLUSH)).hasSize(1);
    assertThat(stepped.commits()).isEqualTo(1);
    assertThat(stepped.committedRegions()).hasSize(8);
  }

  @Test
  @Tag("A22")
  @Tag("B4")
  void flushesThatArriveDuringACommitShareTheNextOne() throws Exception {
    CloneFixture media =
        CloneFixture.builder().randomSource(REGIONS * REGION, 1).regionSize(REGION).build();
    try (CloneDevice device = media.deviceBuilder().open();
        GateOpener opener = new GateOpener(media.destination().gate())) {
      assertThat(opener.gate().waiting()).isEmpty();
      device.write(0, ByteBuffer.wrap(filled(REGION, 1))).join();
      media.journal().clear();
      media.destination().gate().hold(Operation.FLUSH);
      List<CompletableFuture<Void>> flushes = new ArrayList<>(List.of(device.flush()));
      media.destination().gate().awaitWaiting(1);
      device.write(REGION, ByteBuffer.wrap(filled(REGION, 1))).join();
      for (int i = 0; i < 50; i++) {
        flushes.add(device.flush());
      }
      assertThat(flushes).noneMatch(CompletableFuture::isDone);
      media.destination().gate().open();
      flushes.forEach(CompletableFuture::join);
      List<StoreCall> calls = media.journal().calls();

      assertThat(calls).filteredOn(c -> c.toString().equals("flush of destination")).hasSize(2);
      assertThat(calls)
          .filteredOn(c -> c.toString().equals("write of 4096 bytes at byte 0 of metadata"))
          .hasSize(2);
    }
  }

  @Test
  @Tag("B2")
  @Tag("B3")
  void regionsThatBecomeHydratedDuringTheFlushBelongToTheNextCommit() throws Exception {
    CloneFixture media =
        CloneFixture.builder().randomSource(200 * REGION, 1).regionSize(REGION).build();
    try (CloneDevice device = media.deviceBuilder().open();
        GateOpener opener = new GateOpener(media.destination().gate())) {
      assertThat(opener.gate().waiting()).isEmpty();
      device.write(3 * REGION, ByteBuffer.wrap(filled(REGION, 1))).join();
      media.destination().gate().hold(Operation.FLUSH);
      CompletableFuture<Void> first = device.flush();
      media.destination().gate().awaitWaiting(1);
      // In the same word of the bitmap, in another one, and by a copy, an overwrite, a discard.
      device.write(4 * REGION, ByteBuffer.wrap(filled(REGION, 2))).join();
      device.write(5 * REGION + 512, ByteBuffer.wrap(filled(512, 2))).join();
      device.write(100 * REGION, ByteBuffer.wrap(filled(REGION, 2))).join();
      device.discard(150 * REGION, REGION).join();
      CompletableFuture<Void> second = device.flush();

      media.destination().gate().releaseOne();
      first.join();
      assertThat(CommittedRegions.on(media.metadata().bytes())).containsExactly(3L);

      media.destination().gate().awaitWaiting(1);
      media.destination().gate().open();
      second.join();
      assertThat(CommittedRegions.on(media.metadata().bytes()))
          .containsExactly(3L, 4L, 5L, 100L, 150L);
    }
  }

  @Test
  @Tag("A23")
  void flushFailsInReadOnlyModeWhileChangesArePending() {
    CloneDevice device = stepped.open();
    loseMetadata(device);

    assertThat(stepped.failureOf(device.flush())).isInstanceOf(MetadataModeException.class);
    assertThat(stepped.failureOf(device.writeDurably(0, ByteBuffer.wrap(filled(512, 1)))))
        .isInstanceOf(MetadataModeException.class);
    assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_ONLY);
  }

  @Test
  @Tag("A23")
  void plainWriteToAHydratedRegionStillWorksInReadOnlyMode() {
    CloneDevice device = stepped.open();
    loseMetadata(device);

    stepped.write(512, filled(512, 2));

    assertThat(stepped.read(512, 512)).isEqualTo(filled(512, 2));
  }

  @Test
  @Tag("A23")
  void flushFailsInFailMode() {
    CloneDevice device = stepped.open();
    stepped.write(0, filled(REGION, 1));
    stepped.metadata().faults().failAlways();
    stepped.failureOf(device.flush());
    assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.FAIL);

    assertThat(stepped.failureOf(device.flush())).isInstanceOf(MetadataModeException.class);
  }

  @Test
  @Tag("A24")
  void changesAreCommittedWithinASecondAndNotEarlier() {
    stepped.open();
    stepped.write(0, filled(REGION, 1));
    stepped.advanceMs(500);
    stepped.write(REGION, filled(REGION, 1));
    stepped.advanceMs(499);
    assertThat(stepped.commits()).isZero();

    stepped.advanceMs(1);

    assertThat(stepped.commits()).isEqualTo(1);
    assertThat(stepped.committedRegions()).containsExactly(0L, 1L);
  }

  @Test
  @Tag("A24")
  void tickComesBackForLaterChanges() {
    stepped.open();
    for (int region = 0; region < 5; region++) {
      stepped.write(region * REGION, filled(REGION, 1));
      stepped.advanceMs(1_000);
      assertThat(stepped.commits()).isEqualTo(region + 1);
    }
    assertThat(stepped.committedRegions()).hasSize(5);
  }

  @Test
  @Tag("A24")
  void nothingIsCommittedIfNothingChanged() {
    stepped.open();
    stepped.write(0, filled(REGION, 1));
    stepped.advanceMs(1_000);
    stepped.journal().clear();

    for (int second = 0; second < 60; second++) {
      stepped.write(512, filled(512, second));
      stepped.read(0, REGION);
      stepped.advanceMs(1_000);
    }

    assertThat(stepped.calls("metadata")).isEmpty();
    assertThat(stepped.calls("destination", Operation.FLUSH)).isEmpty();
  }

  @Test
  @Tag("B1")
  void failedFlushOfTheDestinationIsAFailedCommit() {
    CloneDevice device = stepped.open();
    List<MetadataMode> modes = new ArrayList<>();
    device.addListener(recordModes(modes));
    stepped.write(0, filled(REGION, 1));
    stepped.destination().faults().failCall(0, Operation.FLUSH);

    Throwable failure = stepped.failureOf(device.flush());

    assertThat(failure).isInstanceOf(BlockIoException.class);
    assertThat(stepped.calls("metadata", Operation.WRITE)).isEmpty();
    assertThat(stepped.committedRegions()).isEmpty();
    assertThat(modes).containsExactly(MetadataMode.READ_ONLY);
    assertThat(stepped.read(0, REGION)).isEqualTo(filled(REGION, 1));
  }

  @Test
  @Tag("B1")
  void flushAfterAFailedFlushOfTheDestinationNeverSucceeds() {
    CloneDevice device = stepped.open();
    stepped.destination().faults().failCall(0, Operation.FLUSH);
    stepped.failureOf(device.flush());

    for (int i = 0; i < 3; i++) {
      assertThat(stepped.failureOf(device.flush())).hasMessageContaining("earlier flush");
    }
    stepped.write(0, filled(REGION, 1));
    stepped.advanceMs(1_000);
    assertThat(stepped.committedRegions()).isEmpty();
    assertThat(stepped.failureOf(device.flush())).hasMessageContaining("earlier flush");
  }

  @Test
  @Tag("B1")
  @Tag("A41")
  void changesThatCanNeverBeCommittedMakeTheDeviceReadOnly() {
    CloneDevice device = stepped.open();
    List<MetadataMode> modes = new ArrayList<>();
    device.addListener(recordModes(modes));
    stepped.destination().faults().failCall(0, Operation.FLUSH);
    stepped.failureOf(device.flush());

    stepped.write(0, filled(REGION, 1));
    stepped.advanceMs(1_000);

    assertThat(modes).containsExactly(MetadataMode.READ_ONLY);
    assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_ONLY);
  }

  @Test
  @Tag("B21")
  @Tag("A41")
  void acknowledgedWriteStaysVisibleWhenTheCommitFails() {
    CloneDevice device = stepped.open();
    List<MetadataMode> modes = new ArrayList<>();
    device.addListener(recordModes(modes));
    stepped.write(3 * REGION + 512, filled(512, 1));
    byte[] expected = stepped.content();
    System.arraycopy(filled(512, 1), 0, expected, 3 * REGION + 512, 512);
    stepped.metadata().faults().failAlways(Operation.WRITE);

    stepped.failureOf(device.flush());

    assertThat(modes).containsExactly(MetadataMode.READ_ONLY);
    assertThat(stepped.readAll()).isEqualTo(expected);
    assertThat(stepped.hydrated()).isEqualTo(1);
    stepped.write(3 * REGION + 1024, filled(512, 2));
    System.arraycopy(filled(512, 2), 0, expected, 3 * REGION + 1024, 512);
    assertThat(stepped.readAll()).isEqualTo(expected);
  }

  @Test
  @Tag("B21")
  void whatAFailedCommitLeftBehindIsCommittedByTheNextOne() throws Exception {
    CloneDevice device = stepped.open();
    for (int call = 0; call < 4; call++) {
      stepped.write(call * REGION, filled(REGION, 1));
      stepped.metadata().faults().failCall(call, Operation.WRITE, Operation.FLUSH);
      stepped.failureOf(device.flush());
      stepped.metadata().faults().heal();

      device.reopenReadWrite();

      assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_WRITE);
      assertThat(stepped.committedRegions()).hasSize(call + 1);
    }
    stepped.open(builder -> builder);
    assertThat(stepped.read(0, 4 * REGION)).isEqualTo(filled(4 * REGION, 1));
  }

  /** Opens the gate before the device is closed, so that a failed test does not wait at it. */
  private record GateOpener(GatedBlockStore gate) implements AutoCloseable {
    @Override
    public void close() {
      gate.open();
    }
  }

  private static CloneListener recordModes(List<MetadataMode> modes) {
    return new CloneListener() {
      @Override
      public void modeChanged(MetadataMode mode, Throwable cause) {
        modes.add(mode);
      }
    };
  }

  private void loseMetadata(CloneDevice device) {
    stepped.write(0, filled(REGION, 9));
    stepped.metadata().faults().failAlways(Operation.WRITE);
    CompletableFuture<Void> flush = device.flush();
    stepped.failureOf(flush);
    assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_ONLY);
  }
}
