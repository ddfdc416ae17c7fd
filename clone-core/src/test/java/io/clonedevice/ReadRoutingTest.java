package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.StoreCall;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where reads go, and what they leave alone. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReadRoutingTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 16;

  private final SteppedClone stepped = new SteppedClone(REGIONS * REGION, REGION);

  @AfterEach
  void close() {
    stepped.close();
  }

  @Test
  @Tag("A2")
  void readOfHydratedRegionsGoesToTheDestinationOnly() {
    stepped.open();
    stepped.write(2 * REGION, filled(2 * REGION, 1));
    stepped.journal().clear();

    byte[] read = stepped.read(2 * REGION + 512, REGION);

    assertThat(read).isEqualTo(filled(REGION, 1));
    assertThat(stepped.journal().calls())
        .containsExactly(new StoreCall("destination", Operation.READ, 2 * REGION + 512, REGION));
  }

  @Test
  @Tag("A3")
  void readOfUnhydratedRegionsGoesToTheSourceAndTriggersNoCopy() {
    CloneDevice device = stepped.open();

    byte[] read = stepped.readAll();

    assertThat(read).isEqualTo(stepped.content());
    stepped.advanceMs(10_000);
    stepped.await(device.flush());
    assertThat(stepped.hydrated()).isZero();
    assertThat(stepped.calls("source"))
        .containsExactly(new StoreCall("source", Operation.READ, 0, REGIONS * REGION));
    assertThat(stepped.calls("destination", Operation.READ, Operation.WRITE)).isEmpty();
    assertThat(stepped.calls("metadata", Operation.WRITE)).isEmpty();
  }

  @Test
  @Tag("A3")
  void readHintMakesTheHydratorBeginWithTheRegionsThatWereRead() {
    CloneDevice device = stepped.open(Hydration.disabled().onRead(true).threshold(1).batchSize(1));
    stepped.read(9 * REGION, REGION);
    stepped.journal().clear();
    stepped.source().gate().hold();

    device.enableHydration();
    stepped.run();

    assertThat(stepped.source().gate().waiting())
        .extracting(StoreCall::offset)
        .containsExactly(9L * REGION);
  }

  @Test
  @Tag("A8")
  void readIsSplitIntoRunsOfEqualStateAndNotIntoRegions() {
    stepped.open();
    stepped.write(3 * REGION, filled(4 * REGION, 1));
    byte[] expected = stepped.content();
    System.arraycopy(filled(4 * REGION, 1), 0, expected, 3 * REGION, 4 * REGION);
    stepped.journal().clear();

    assertThat(stepped.readAll()).isEqualTo(expected);

    assertThat(stepped.journal().calls())
        .containsExactly(
            new StoreCall("source", Operation.READ, 0, 3 * REGION),
            new StoreCall("destination", Operation.READ, 3 * REGION, 4 * REGION),
            new StoreCall("source", Operation.READ, 7 * REGION, 9 * REGION));
  }

  @Test
  @Tag("A3")
  void readDoesNotWaitForTheCopyOfItsRegion() {
    stepped.open(Hydration.background().threshold(1));
    stepped.destination().gate().hold(Operation.WRITE);
    stepped.run();
    assertThat(stepped.destination().gate().waiting()).hasSize(1);

    assertThat(stepped.read(0, REGION)).isEqualTo(stepped.content(0, REGION));
  }

  @Test
  @Tag("A1")
  void nothingEverChangesTheSource() {
    CloneDevice device = stepped.open(Hydration.background());
    stepped.write(512, filled(512, 1));
    stepped.write(3 * REGION, filled(3 * REGION, 2));
    stepped.await(device.discard(8 * REGION, 2 * REGION));
    stepped.await(device.writeDurably(12 * REGION + 512, ByteBuffer.wrap(filled(REGION, 3))));
    stepped.await(device.flush());
    stepped.advanceMs(5_000);
    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();

    assertThat(stepped.calls("source")).isNotEmpty();
    assertThat(stepped.calls("source", Operation.WRITE, Operation.DISCARD, Operation.FLUSH))
        .isEmpty();
    assertThat(stepped.source().bytes().contents()).isEqualTo(stepped.content());
  }

  @Test
  @Tag("A1")
  void readOnlySourceIsEnough() {
    assertThat(stepped.source().bytes().isReadOnly()).isTrue();
    CloneDevice device = stepped.open(Hydration.background());
    stepped.write(512, filled(512, 1));
    stepped.advanceMs(5_000);

    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
  }

  @Test
  @Tag("A67")
  void finishedCloneNeedsNeitherSourceNorMetadata() {
    CloneDevice device = stepped.open(Hydration.background());
    stepped.write(512, filled(512, 1));
    stepped.advanceMs(5_000);
    assertThat(device.statusNoFlush().hydrationCompleted()).isTrue();
    stepped.source().faults().failAlways();
    stepped.metadata().faults().failAlways();
    stepped.journal().clear();

    byte[] expected = stepped.content();
    System.arraycopy(filled(512, 1), 0, expected, 512, 512);
    System.arraycopy(filled(1024, 2), 0, expected, 5 * REGION - 512, 1024);
    stepped.write(5 * REGION - 512, filled(1024, 2));
    stepped.await(device.flush());
    stepped.await(device.writeDurably(0, ByteBuffer.wrap(stepped.content(0, 512))));
    stepped.advanceMs(5_000);

    assertThat(stepped.readAll()).isEqualTo(expected);
    assertThat(stepped.calls("source")).isEmpty();
    assertThat(stepped.calls("metadata")).isEmpty();
    // Whoever maps the destination straight through finds the same bytes.
    assertThat(stepped.destination().bytes().contents()).isEqualTo(expected);
  }

  @Test
  @Tag("A67")
  void finishedCloneIsStillFinishedWhenOpenedAgain() {
    stepped.open(Hydration.background());
    stepped.advanceMs(5_000);
    CloneDevice again = stepped.open(builder -> builder.hydration(Hydration.background()));
    stepped.source().faults().failAlways();

    stepped.advanceMs(5_000);

    assertThat(again.statusNoFlush().hydrationCompleted()).isTrue();
    assertThat(again.hydrated()).isCompleted();
    assertThat(stepped.readAll()).isEqualTo(stepped.content());
  }

  @Test
  @Tag("A2")
  void readThatStartedBeforeARegionWasHydratedStillSeesLegalBytes() {
    CloneDevice device = stepped.open();
    stepped.source().gate().hold(call -> call.offset() == 0 && call.length() == 2 * REGION);
    ByteBuffer target = ByteBuffer.allocate(2 * REGION);
    CompletableFuture<Void> read = device.read(0, target);
    stepped.write(8 * REGION, filled(REGION, 1));
    stepped.source().gate().open();

    stepped.await(read);

    assertThat(target.array()).isEqualTo(stepped.content(0, 2 * REGION));
    assertThat(target.hasRemaining()).isFalse();
  }
}
