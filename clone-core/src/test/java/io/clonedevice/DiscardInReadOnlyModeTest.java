package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataModeException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.StoreCall;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a discard does when the metadata can no longer be written to. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiscardInReadOnlyModeTest {
  private static final int REGION = 4096;

  private final SteppedClone stepped = new SteppedClone(15 * REGION + 1536, REGION);

  @AfterEach
  void close() {
    stepped.close();
  }

  @Test
  @Tag("A18")
  @Tag("B18")
  void discardOfUnhydratedRegionsInReadOnlyModeSucceedsDoesNothingAndIsCounted() {
    CloneDevice device = stepped.open();
    loseMetadata(device);
    stepped.journal().clear();

    stepped.await(device.discard(0, 4 * REGION));

    assertThat(stepped.journal().calls()).isEmpty();
    assertThat(stepped.hydrated()).isEqualTo(1);
    assertThat(device.statusNoFlush().discardsIgnored()).isEqualTo(1);
    assertThat(stepped.read(0, 4 * REGION)).isEqualTo(stepped.content(0, 4 * REGION));
  }

  @Test
  @Tag("A18")
  @Tag("A13")
  @Tag("B18")
  void discardInReadOnlyModeErasesHydratedRegionsAndIgnoresTheOthers() {
    CloneDevice device = stepped.open();
    stepped.write(2 * REGION, filled(3 * REGION, 1));
    stepped.await(device.flush());
    loseMetadata(device);
    stepped.journal().clear();

    stepped.await(device.discard(REGION - 512, 12 * REGION));

    assertThat(stepped.journal().calls())
        .containsExactlyInAnyOrder(
            new StoreCall("destination", Operation.DISCARD, 2 * REGION, 3 * REGION),
            new StoreCall("destination", Operation.DISCARD, 10 * REGION, REGION));
    assertThat(stepped.hydrated()).isEqualTo(4);
    assertThat(device.statusNoFlush().discardsIgnored()).as("runs").isEqualTo(3);
    byte[] expected = stepped.content();
    Arrays.fill(expected, 2 * REGION, 5 * REGION, (byte) 0);
    Arrays.fill(expected, 10 * REGION, 11 * REGION, (byte) 0);
    assertThat(stepped.readAll()).isEqualTo(expected);
  }

  @Test
  @Tag("B18")
  @Tag("B25")
  void withTheOptionADiscardOfUnhydratedRegionsFailsInReadOnlyMode() {
    CloneDevice device = stepped.open(b -> b.discardPassdown(false).discardedReadsZeroes(true));
    loseMetadata(device);

    assertThat(stepped.failureOf(device.discard(9 * REGION, 3 * REGION)))
        .isInstanceOf(MetadataModeException.class)
        .hasMessageContaining("discard of unhydrated region 9");

    byte[] expected = stepped.content();
    Arrays.fill(expected, 10 * REGION, 11 * REGION, (byte) 0);
    assertThat(stepped.readAll()).as("region 10 is hydrated").isEqualTo(expected);
    assertThat(device.statusNoFlush().discardsIgnored()).isZero();
    assertThat(device.discardSupport().readsZeroes()).isTrue();
  }

  @Test
  @Tag("A18")
  void zeroesOfTheDestinationAreNotPromisedInReadOnlyMode() {
    CloneDevice device = stepped.open();
    assertThat(device.discardSupport().readsZeroes()).isTrue();

    loseMetadata(device);

    assertThat(device.discardSupport().readsZeroes()).isFalse();
  }

  @Test
  @Tag("A19")
  @Tag("B18")
  void discardsThatCanNoLongerBeRecordedSucceedAndAreNotPassedDown() {
    CloneDevice device = stepped.open(Hydration.background().threshold(4).batchSize(4));
    stepped
        .destination()
        .gate()
        .hold(call -> call.operation() == Operation.WRITE && call.offset() == 0);
    stepped.run();
    device.disableHydration();
    CompletableFuture<Void> one = device.discard(0, 2 * REGION);
    CompletableFuture<Void> two = device.discard(2 * REGION, 2 * REGION);
    stepped.run();
    assertThat(one).as("waits for the copy").isNotDone();
    loseMetadata(device);
    stepped.journal().clear();

    stepped.destination().gate().open();

    stepped.await(one);
    stepped.await(two);
    assertThat(stepped.calls("destination", Operation.DISCARD)).isEmpty();
    assertThat(device.statusNoFlush().discardsIgnored()).isEqualTo(2);
    assertThat(stepped.read(0, 4 * REGION)).isEqualTo(stepped.content(0, 4 * REGION));
  }

  private void loseMetadata(CloneDevice device) {
    stepped.write(10 * REGION, filled(REGION, 9));
    stepped.metadata().faults().failAlways(Operation.WRITE);
    CompletableFuture<Void> flush = device.flush();
    stepped.failureOf(flush);
    assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_ONLY);
  }
}
