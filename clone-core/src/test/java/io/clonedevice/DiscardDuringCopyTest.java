package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.DiscardSupport;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** No copy that is in flight may land on what came after it, whatever came between. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiscardDuringCopyTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 4;

  private SteppedClone stepped = new SteppedClone(REGIONS * REGION, REGION);

  @AfterEach
  void close() {
    stepped.close();
  }

  @Test
  @Tag("B13")
  void discardAndWriteWaitForTheBackgroundCopyInFlight() {
    CloneDevice device = stepped.open(Hydration.background().threshold(1).batchSize(1));
    stepped.destination().gate().hold(Operation.WRITE);
    stepped.run();
    assertThat(stepped.destination().gate().waiting()).as("the copy's write").hasSize(1);

    CompletableFuture<Void> discard = device.discard(0, REGION);
    CompletableFuture<Void> write = device.write(0, ByteBuffer.wrap(filled(REGION, 1)));
    stepped.run();

    assertThat(discard).isNotDone();
    assertThat(write).isNotDone();
    assertThat(stepped.hydrated()).as("a discard must not mark what is being copied").isZero();
    assertThat(stepped.destination().gate().waiting()).as("still the copy alone").hasSize(1);
    assertThat(stepped.calls("destination", Operation.DISCARD)).isEmpty();
    stepped.destination().gate().open();
    stepped.await(discard);
    stepped.await(write);
    stepped.await(device.flush());
    assertThat(stepped.read(0, REGION)).isEqualTo(filled(REGION, 1));
    assertThat(stepped.destinationBytes(0, REGION)).isEqualTo(filled(REGION, 1));
  }

  @Test
  @Tag("B13")
  void acknowledgedWriteAfterADiscardSurvivesTheCopyThatWasInFlight() {
    CloneDevice device = stepped.open(Hydration.background().threshold(1).batchSize(1));
    stepped.source().gate().hold(Operation.READ);
    stepped.run();
    CompletableFuture<Void> durable =
        device
            .discard(0, REGION)
            .thenCompose(done -> device.writeDurably(512, ByteBuffer.wrap(filled(512, 1))));
    stepped.run();

    stepped.source().gate().open();
    stepped.await(durable);
    stepped.advanceMs(5_000);

    byte[] expected = new byte[REGION];
    System.arraycopy(filled(512, 1), 0, expected, 512, 512);
    assertThat(stepped.read(0, REGION)).isEqualTo(expected);
  }

  @Test
  @Tag("B13")
  void discardWaitsForTheCopyOfAWriteInFlight() {
    CloneDevice device = stepped.open();
    stepped.destination().gate().hold(Operation.WRITE);
    CompletableFuture<Void> write = device.write(512, ByteBuffer.wrap(filled(512, 1)));
    CompletableFuture<Void> discard = device.discard(0, 2 * REGION);
    stepped.run();

    assertThat(discard).isNotDone();
    assertThat(stepped.hydrated()).as("the region beside the copy at most").isLessThan(2);
    stepped.destination().gate().open();
    stepped.await(write);
    stepped.await(discard);
    assertThat(stepped.read(0, 2 * REGION)).isEqualTo(new byte[2 * REGION]);
  }

  @Test
  @Tag("B13")
  void writeWaitsForThePassedDownDiscardOfAnUnhydratedRegion() {
    CloneDevice device = stepped.open();
    stepped.destination().gate().hold(Operation.DISCARD);
    CompletableFuture<Void> discard = device.discard(0, REGION);
    CompletableFuture<Void> write = device.write(0, ByteBuffer.wrap(filled(REGION, 1)));
    stepped.run();

    assertThat(discard).isNotDone();
    assertThat(write).as("arrived after the discard").isNotDone();
    stepped.destination().gate().open();
    stepped.await(discard);
    stepped.await(write);
    assertThat(stepped.read(0, REGION)).isEqualTo(filled(REGION, 1));
  }

  @Test
  @Tag("B13")
  @Tag("B25")
  void writeWaitsForTheZeroesOfADiscard() {
    stepped.close();
    stepped = new SteppedClone(REGIONS * REGION, REGION, DiscardSupport.NONE);
    CloneDevice device = stepped.open(builder -> builder.discardedReadsZeroes(true));
    stepped.destination().gate().hold(Operation.WRITE);
    CompletableFuture<Void> discard = device.discard(0, REGION);
    CompletableFuture<Void> write = device.write(512, ByteBuffer.wrap(filled(512, 1)));
    stepped.run();

    assertThat(stepped.destination().gate().waiting()).as("the zeroes alone").hasSize(1);
    stepped.destination().gate().open();
    stepped.await(discard);
    stepped.await(write);
    byte[] expected = new byte[REGION];
    System.arraycopy(filled(512, 1), 0, expected, 512, 512);
    assertThat(stepped.read(0, REGION)).isEqualTo(expected);
  }

  @Test
  @Tag("B13")
  void noCopyStartsOfARegionThatIsBeingDiscarded() {
    CloneDevice device = stepped.open(Hydration.disabled().threshold(8).timeShareMin(100));
    stepped.destination().gate().hold(Operation.DISCARD);
    CompletableFuture<Void> discard = device.discard(0, REGIONS * REGION);
    device.enableHydration();
    stepped.advanceMs(5_000);

    assertThat(stepped.calls("source")).isEmpty();
    stepped.destination().gate().open();
    stepped.await(discard);
    assertThat(stepped.readAll()).isEqualTo(new byte[REGIONS * REGION]);
  }
}
