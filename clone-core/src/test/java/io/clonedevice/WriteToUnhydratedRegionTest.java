package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataModeException;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.StoreCall;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Copies for writes, overwrites, those who share them and what happens when they fail. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WriteToUnhydratedRegionTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 16;
  private static final int SHORT = 1536;
  private static final int SIZE = (REGIONS - 1) * REGION + SHORT;
  private static final int LAST = (REGIONS - 1) * REGION;

  private final SteppedClone stepped = new SteppedClone(SIZE, REGION);

  @AfterEach
  void close() {
    stepped.close();
  }

  @Test
  @Tag("A4")
  void writeInsideARegionBringsTheRestOfItFromTheSourceFirst() {
    stepped.open();

    stepped.write(3 * REGION + 1024, filled(512, 1));

    byte[] expected = stepped.content(3 * REGION, REGION);
    System.arraycopy(filled(512, 1), 0, expected, 1024, 512);
    assertThat(stepped.destinationBytes(3 * REGION, REGION)).isEqualTo(expected);
    assertThat(stepped.destinationBytes(0, 3 * REGION))
        .isEqualTo(filled(3 * REGION, SteppedClone.OLD));
    assertThat(stepped.destinationBytes(4 * REGION, REGION))
        .isEqualTo(filled(REGION, SteppedClone.OLD));
    assertThat(stepped.hydrated()).isEqualTo(1);
    assertThat(stepped.calls("source"))
        .containsExactly(new StoreCall("source", Operation.READ, 3 * REGION, REGION));
  }

  @Test
  @Tag("A4")
  void writeOverSeveralChunksOfACopyIsLaidOverEachWhereItBelongs() {
    int region = 4 << 20;
    byte[] data = new byte[3 << 20];
    new Random(1).nextBytes(data);
    try (SteppedClone large = new SteppedClone(region, region)) {
      large.open();

      large.write(512, data);

      byte[] expected = large.content();
      System.arraycopy(data, 0, expected, 512, data.length);
      assertThat(Arrays.equals(large.readAll(), expected)).isTrue();
      assertThat(large.hydrated()).isEqualTo(1);
    }
  }

  @Test
  @Tag("A4")
  void writeInsideARegionWaitsForItsHydration() {
    CloneDevice device = stepped.open();
    stepped.source().gate().hold(Operation.READ);

    CompletableFuture<Void> write = device.write(0, ByteBuffer.wrap(filled(512, 1)));
    stepped.advanceMs(5_000);

    assertThat(write).isNotDone();
    assertThat(stepped.hydrated()).isZero();
    assertThat(device.statusNoFlush().hydratingRegions()).isEqualTo(1);
    stepped.source().gate().open();
    stepped.await(write);
    assertThat(stepped.hydrated()).isEqualTo(1);
  }

  @Test
  @Tag("A5")
  void writeOfAWholeRegionCopiesNothing() {
    stepped.open();

    stepped.write(5 * REGION, filled(REGION, 1));

    assertThat(stepped.calls("source")).isEmpty();
    assertThat(stepped.calls("destination"))
        .containsExactly(new StoreCall("destination", Operation.WRITE, 5 * REGION, REGION));
    assertThat(stepped.hydrated()).isEqualTo(1);
  }

  @Test
  @Tag("A5")
  void overwrittenRegionIsHydratedOnlyAfterTheWriteSucceeded() {
    CloneDevice device = stepped.open();
    stepped.destination().gate().hold(Operation.WRITE);

    CompletableFuture<Void> write = device.write(0, ByteBuffer.wrap(filled(REGION, 1)));
    stepped.run();

    assertThat(write).isNotDone();
    assertThat(stepped.hydrated()).isZero();
    assertThat(stepped.read(0, REGION)).isEqualTo(stepped.content(0, REGION));
    stepped.destination().gate().open();
    stepped.await(write);
    assertThat(stepped.hydrated()).isEqualTo(1);
    assertThat(stepped.read(0, REGION)).isEqualTo(filled(REGION, 1));
  }

  @Test
  @Tag("A5")
  @Tag("B19")
  void regionWhoseOverwriteFailedStaysUnhydrated() {
    CloneDevice device = stepped.open();
    stepped.destination().faults().failCall(0, Operation.WRITE);

    CompletableFuture<Void> write = device.write(0, ByteBuffer.wrap(filled(REGION, 1)));

    assertThat(stepped.failureOf(write)).isInstanceOf(BlockIoException.class);
    assertThat(stepped.hydrated()).isZero();
    assertThat(stepped.read(0, REGION)).isEqualTo(stepped.content(0, REGION));
    stepped.write(0, filled(REGION, 2));
    assertThat(stepped.read(0, REGION)).isEqualTo(filled(REGION, 2));
  }

  @Test
  @Tag("A8")
  void writeOfManyWholeRegionsIsOneWrite() {
    stepped.open();

    stepped.write(REGION, filled(9 * REGION, 1));

    assertThat(stepped.journal().calls())
        .containsExactly(new StoreCall("destination", Operation.WRITE, REGION, 9 * REGION));
    assertThat(stepped.hydrated()).isEqualTo(9);
  }

  @Test
  @Tag("A8")
  @Tag("A4")
  void onlyTheHeadAndTailOfAWriteNeedTheSource() {
    stepped.open();

    stepped.write(REGION - 512, filled(4 * REGION, 1));

    byte[] expected = stepped.content();
    System.arraycopy(filled(4 * REGION, 1), 0, expected, REGION - 512, 4 * REGION);
    assertThat(stepped.readAll()).isEqualTo(expected);
    assertThat(stepped.hydrated()).isEqualTo(5);
    stepped.source().faults().failAlways();
    assertThat(stepped.read(0, 5 * REGION))
        .isEqualTo(java.util.Arrays.copyOf(expected, 5 * REGION));
    assertThat(
            stepped.calls("source", Operation.READ).stream()
                .filter(call -> call.offset() > 0 && call.offset() < 4 * REGION)
                .filter(call -> call.length() <= REGION))
        .as("copies of regions that the write covers whole")
        .isEmpty();
  }

  @Test
  @Tag("A6")
  void writeToTheEndOfTheDeviceCoversTheShortLastRegion() {
    stepped.open();

    stepped.write(LAST, filled(SHORT, 1));

    assertThat(stepped.calls("source")).isEmpty();
    assertThat(stepped.hydrated()).isEqualTo(1);
    assertThat(stepped.read(LAST, SHORT)).isEqualTo(filled(SHORT, 1));
  }

  @Test
  @Tag("A6")
  void writeAcrossTheShortLastRegionIsOneWriteWithoutACopy() {
    stepped.open();

    stepped.write(LAST - 2 * REGION, filled(2 * REGION + SHORT, 1));

    assertThat(stepped.journal().calls())
        .containsExactly(
            new StoreCall("destination", Operation.WRITE, LAST - 2 * REGION, 2 * REGION + SHORT));
    assertThat(stepped.hydrated()).isEqualTo(3);
  }

  @Test
  @Tag("A6")
  void copyOfTheShortLastRegionEndsWithTheDevice() {
    stepped.open();

    stepped.write(LAST + 512, filled(512, 1));

    assertThat(stepped.calls("source"))
        .containsExactly(new StoreCall("source", Operation.READ, LAST, SHORT));
    byte[] expected = stepped.content(LAST, SHORT);
    System.arraycopy(filled(512, 1), 0, expected, 512, 512);
    assertThat(stepped.destinationBytes(LAST, SHORT)).isEqualTo(expected);
  }

  @Test
  @Tag("A7")
  void manyWritesToOneRegionShareOneCopyAndGoOnInOrderOfArrival() {
    CloneDevice device = stepped.open();
    stepped.source().gate().hold(Operation.READ);
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    writes.add(device.write(0, ByteBuffer.wrap(filled(512, 1))));
    for (int sector : new int[] {5, 2, 7, 3}) {
      writes.add(device.write(sector * 512L, ByteBuffer.wrap(filled(512, 10 + sector))));
    }
    stepped.run();
    assertThat(stepped.source().gate().waiting()).hasSize(1);
    assertThat(stepped.calls("destination")).isEmpty();

    stepped.source().gate().open();
    writes.forEach(stepped::await);

    assertThat(stepped.calls("source")).hasSize(1);
    List<StoreCall> atDestination = stepped.calls("destination", Operation.WRITE);
    assertThat(atDestination.subList(atDestination.size() - 4, atDestination.size()))
        .extracting(StoreCall::offset)
        .containsExactly(5 * 512L, 2 * 512L, 7 * 512L, 3 * 512L);
    byte[] expected = stepped.content(0, REGION);
    System.arraycopy(filled(512, 1), 0, expected, 0, 512);
    for (int sector : new int[] {5, 2, 7, 3}) {
      System.arraycopy(filled(512, 10 + sector), 0, expected, sector * 512, 512);
    }
    assertThat(stepped.destinationBytes(0, REGION)).isEqualTo(expected);
  }

  @Test
  @Tag("A7")
  void wholeWriteThatMeetsACopyWaitsForItAndIsNotLost() {
    CloneDevice device = stepped.open();
    stepped.destination().gate().hold(Operation.WRITE);
    CompletableFuture<Void> part = device.write(0, ByteBuffer.wrap(filled(512, 1)));
    stepped.run();
    CompletableFuture<Void> whole = device.write(0, ByteBuffer.wrap(filled(REGION, 2)));
    stepped.run();
    assertThat(stepped.destination().gate().waiting()).as("the copy alone").hasSize(1);

    stepped.destination().gate().open();
    stepped.await(part);
    stepped.await(whole);

    assertThat(stepped.read(0, REGION)).isEqualTo(filled(REGION, 2));
  }

  @Test
  @Tag("A7")
  void partOfAWriteThatMeetsNoClaimDoesNotWait() {
    CloneDevice device = stepped.open();
    stepped.source().gate().hold(call -> call.offset() == 2 * REGION);
    CompletableFuture<Void> first = device.write(2 * REGION, ByteBuffer.wrap(filled(512, 1)));
    CompletableFuture<Void> across = device.write(0, ByteBuffer.wrap(filled(6 * REGION, 2)));
    stepped.run();

    assertThat(across).isNotDone();
    assertThat(stepped.hydrated()).as("all but the region being copied").isEqualTo(5);

    stepped.source().gate().open();
    stepped.await(first);
    stepped.await(across);
    assertThat(stepped.read(0, 6 * REGION)).isEqualTo(filled(6 * REGION, 2));
  }

  @Test
  @Tag("A7")
  @Tag("A21")
  void durableWriteThatSharedACopyCompletesAfterTheCommit() {
    CloneDevice device = stepped.open();
    stepped.source().gate().hold(Operation.READ);
    CompletableFuture<Void> plain = device.write(0, ByteBuffer.wrap(filled(512, 1)));
    List<Long> commitsWhenDurable = new ArrayList<>();
    CompletableFuture<Void> durable =
        device
            .writeDurably(512, ByteBuffer.wrap(filled(512, 2)))
            .thenRun(() -> commitsWhenDurable.add(stepped.commits()));
    stepped.run();
    stepped.source().gate().open();

    stepped.await(plain);
    stepped.await(durable);

    assertThat(commitsWhenDurable).containsExactly(1L);
    assertThat(stepped.committedRegions()).containsExactly(0L);
  }

  @Test
  @Tag("A9")
  @Tag("B19")
  void allWritesThatWaitForAFailedCopyFailAndALaterOneTriesAgain() {
    CloneDevice device = stepped.open();
    stepped.source().gate().hold(Operation.READ);
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    for (int sector = 0; sector < 4; sector++) {
      writes.add(device.write(sector * 512L, ByteBuffer.wrap(filled(512, 1))));
    }
    stepped.run();
    stepped.source().faults().failCall(0, Operation.READ);
    stepped.source().gate().open();

    for (CompletableFuture<Void> write : writes) {
      assertThat(stepped.failureOf(write))
          .isInstanceOf(BlockIoException.class)
          .hasMessageContaining("injected");
    }
    assertThat(stepped.hydrated()).isZero();
    assertThat(device.statusNoFlush().hydratingRegions()).isZero();
    assertThat(stepped.destinationBytes(0, REGION)).isEqualTo(filled(REGION, SteppedClone.OLD));
    assertThat(stepped.read(0, REGION)).isEqualTo(stepped.content(0, REGION));

    stepped.write(512, filled(512, 3));
    assertThat(stepped.hydrated()).isEqualTo(1);
  }

  @Test
  @Tag("A9")
  @Tag("B19")
  void copyThatCannotBeWrittenFailsTheWriteAndLeavesTheRegionToTheSource() {
    CloneDevice device = stepped.open();
    stepped.destination().faults().failCall(0, Operation.WRITE);

    CompletableFuture<Void> write = device.write(512, ByteBuffer.wrap(filled(512, 1)));

    assertThat(stepped.failureOf(write))
        .isInstanceOfSatisfying(
            BlockIoException.class, e -> assertThat(e.operation()).isEqualTo(Operation.WRITE));
    assertThat(stepped.hydrated()).isZero();
    assertThat(device.statusNoFlush().hydratingRegions()).isZero();
    assertThat(stepped.read(0, REGION)).isEqualTo(stepped.content(0, REGION));
  }

  @Test
  @Tag("A9")
  void writeThatMetAFailingBackgroundCopyMakesItsOwnAndFailsOnlyIfThatFails() {
    CloneDevice device = stepped.open(Hydration.background().threshold(1).timeShareMin(100));
    stepped.source().gate().hold(Operation.READ);
    stepped.run();
    CompletableFuture<Void> lucky = device.write(512, ByteBuffer.wrap(filled(512, 1)));
    stepped.run();
    device.disableHydration();
    stepped.source().faults().failCall(0, Operation.READ);
    stepped.source().gate().open();
    stepped.await(lucky);
    assertThat(stepped.read(512, 512)).isEqualTo(filled(512, 1));

    stepped.source().faults().failAlways(Operation.READ);
    CompletableFuture<Void> unlucky =
        device.write(5 * REGION + 512, ByteBuffer.wrap(filled(512, 1)));
    assertThat(stepped.failureOf(unlucky)).isInstanceOf(BlockIoException.class);
  }

  @Test
  @Tag("A10")
  @Tag("B18")
  @Tag("B19")
  void writesThatWaitFailIfTheCopiedRegionCannotBeMarked() {
    CloneDevice device = stepped.open();
    stepped.destination().gate().hold(call -> call.offset() == 3 * REGION);
    CompletableFuture<Void> first = device.write(3 * REGION + 512, ByteBuffer.wrap(filled(512, 1)));
    CompletableFuture<Void> second =
        device.write(3 * REGION + 1024, ByteBuffer.wrap(filled(512, 2)));
    stepped.run();
    loseMetadata(device);

    stepped.destination().gate().open();

    assertThat(stepped.failureOf(first)).isInstanceOf(MetadataModeException.class);
    assertThat(stepped.failureOf(second)).isInstanceOf(MetadataModeException.class);
    CloneStatus status = device.statusNoFlush();
    assertThat(status.metadataUpdatesFailed()).isEqualTo(1);
    assertThat(status.hydratingRegions()).isZero();
    assertThat(stepped.read(3 * REGION, REGION)).isEqualTo(stepped.content(3 * REGION, REGION));
  }

  @Test
  @Tag("A10")
  @Tag("B18")
  void overwriteThatCannotBeMarkedFailsAndIsCounted() {
    CloneDevice device = stepped.open();
    stepped.destination().gate().hold(call -> call.offset() == 3 * REGION);
    CompletableFuture<Void> write = device.write(3 * REGION, ByteBuffer.wrap(filled(REGION, 1)));
    stepped.run();
    loseMetadata(device);

    stepped.destination().gate().open();

    assertThat(stepped.failureOf(write)).isInstanceOf(MetadataModeException.class);
    assertThat(device.statusNoFlush().metadataUpdatesFailed()).isEqualTo(1);
    assertThat(stepped.read(3 * REGION, REGION)).isEqualTo(stepped.content(3 * REGION, REGION));
  }

  @Test
  @Tag("A32")
  void copiesForWritesIgnoreTheThresholdButCountAgainstIt() {
    CloneDevice device =
        stepped.open(Hydration.background().threshold(2).batchSize(1).timeShareMin(100));
    stepped.source().gate().hold(Operation.READ);
    stepped.run();
    assertThat(device.statusNoFlush().hydratingRegions()).isEqualTo(2);

    List<CompletableFuture<Void>> writes = new ArrayList<>();
    for (int region = 8; region < 11; region++) {
      writes.add(device.write(region * REGION + 512L, ByteBuffer.wrap(filled(512, 1))));
    }
    stepped.run();
    assertThat(device.statusNoFlush().hydratingRegions()).isEqualTo(5);

    // The two background copies end; three for writes fill the threshold of two.
    stepped.source().gate().releaseOne();
    stepped.source().gate().releaseOne();
    stepped.advanceMs(5_000);
    assertThat(device.statusNoFlush().hydratingRegions()).isEqualTo(3);
    assertThat(stepped.hydrated()).isEqualTo(2);

    stepped.source().gate().open();
    writes.forEach(stepped::await);
    stepped.advanceMs(5_000);
    assertThat(stepped.hydrated()).isEqualTo(REGIONS);
  }

  @Test
  @Tag("B10")
  void requestsOfNoBytesReachNoStoreAndChangeNothing() {
    CloneDevice device = stepped.open();
    for (int offset : new int[] {0, 512, REGION, LAST, SIZE}) {
      stepped.write(offset, new byte[0]);
      stepped.read(offset, 0);
      stepped.await(device.discard(offset, 0));
    }

    assertThat(stepped.journal().calls()).isEmpty();
    assertThat(stepped.hydrated()).isZero();
  }

  private void loseMetadata(CloneDevice device) {
    stepped.write(10 * REGION, filled(REGION, 9));
    stepped.metadata().faults().failAlways(Operation.WRITE);
    stepped.failureOf(device.flush());
    assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_ONLY);
  }
}
