package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneStatus;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.DiscardSupport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CloneFixtureTest {
  private static final int REGION = 4096;

  private static byte[] read(CloneDevice device, long offset, int length) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(length);
    device.blocking().read(offset, target);
    return target.array();
  }

  private static ByteBuffer filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return ByteBuffer.wrap(bytes);
  }

  @Test
  void deviceReadsTheSourceAndTheDestinationIsOld() throws Exception {
    try (CloneFixture clone = CloneFixture.builder().build()) {
      assertThat(read(clone.device(), 0, 1 << 18)).isEqualTo(clone.content());
      assertThat(clone.device()).isSameAs(clone.device());
      assertThat(clone.destination().contents()).containsOnly(CloneFixture.OLD_DESTINATION);
    }
  }

  @Test
  void optionsAreThoseOfEveryDeviceAndReopenAddsMore() throws Exception {
    byte[] content = new byte[8 * REGION];
    content[512] = 7;
    try (CloneFixture clone =
        CloneFixture.builder()
            .source(content)
            .regionSize(REGION)
            .options(builder -> builder.suspended())
            .build()) {
      clone.device().resume();
      clone.reopen(builder -> builder.hydration(Hydration.background())).resume();
      clone.device().hydrated().join();

      assertThat(clone.destination().contents()).isEqualTo(content);
    }
  }

  @Test
  void whatWasWrittenIsThereAfterReopening() throws Exception {
    try (CloneFixture clone = CloneFixture.builder().build()) {
      clone.device().blocking().write(512, filled(512, 1));

      assertThat(read(clone.reopen(), 512, 512)).containsOnly(1);
    }
  }

  @Test
  void powerCutKeepsWhatWasFlushedAndLosesWhatTheTestWants() throws Exception {
    try (CloneFixture clone = CloneFixture.builder().build()) {
      clone.device().blocking().write(0, filled(REGION, 1));
      clone.device().flush().join();
      clone.device().blocking().write(0, filled(512, 2));
      CloneDevice before = clone.device();

      clone.cutPower((sector, valueCount) -> 0, (sector, valueCount) -> 0);

      assertThat(clone.device()).isNotSameAs(before);
      assertThat(read(clone.device(), 0, REGION)).containsOnly(1);

      clone.device().blocking().write(0, filled(512, 3));
      clone.cutPower((sector, count) -> count, (sector, count) -> count);

      assertThat(read(clone.device(), 0, 512)).containsOnly(3);
    }
  }

  @Test
  void powerCutFailsRequestsUnderWayAndNeverTearsWhatWasAcknowledged() throws Exception {
    Seed seed = new Seed();
    var random = seed.stream();
    try (CloneFixture clone = CloneFixture.builder().hydration(Hydration.background()).build()) {
      for (int round = 1; round <= 20; round++) {
        CloneDevice device = clone.device();
        device.writeDurably(0, filled(1024, round)).join();
        List<CompletableFuture<Void>> others =
            List.of(
                device.write(8 * REGION, filled(REGION, round)),
                device.write(9 * REGION + 512, filled(512, round)),
                device.flush());

        clone.cutPower(random);

        for (CompletableFuture<Void> other : others) {
          assertThat(other.handle((nothing, failure) -> true).get(20, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(read(clone.device(), 0, 1024)).containsOnly(round);
      }
    }
  }

  @Test
  void requestHeldAtAGateIsFailedByAPowerCut() throws Exception {
    try (CloneFixture clone = CloneFixture.builder().build()) {
      clone.source().gate().hold(Operation.READ);
      CompletableFuture<Void> read = clone.device().read(0, ByteBuffer.allocate(512));
      clone.source().gate().awaitWaiting(1);

      clone.cutPower(Seed.random());

      assertThatThrownBy(read::join).hasRootCauseMessage("the power is off");
    }
  }

  @Test
  void faultsAndGateCanBeSetBeforeTheDeviceIsOpened() throws Exception {
    try (CloneFixture clone = CloneFixture.builder().build()) {
      clone.metadata().faults().failAlways(Operation.READ);
      assertThatThrownBy(clone::device).isInstanceOf(IOException.class);
      clone.closeDevice();

      assertThat(read(clone.device(), 0, 512)).isEqualTo(Arrays.copyOf(clone.content(), 512));
      clone.closeDevice();
      clone.source().faults().failCall(0);
      assertThatThrownBy(() -> read(clone.device(), 0, 512)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void closingAfterAFaultOfTheTestsFailsNothing() throws Exception {
    CloneFixture clone = CloneFixture.builder().build();
    CloneDevice device = clone.device();
    clone.destination().faults().failCall(0, Operation.FLUSH);
    device.blocking().write(0, filled(REGION, 1));
    assertThatThrownBy(() -> device.flush().join()).isInstanceOf(CompletionException.class);

    clone.close();

    assertThatThrownBy(() -> read(device, 0, 512)).isInstanceOf(IOException.class);
  }

  @Test
  void deviceLeftOpenIsALeak() throws Exception {
    CloneFixture clone = CloneFixture.builder().build();
    try (CloneDevice forgotten = clone.deviceBuilder().open()) {
      assertThatThrownBy(clone::close)
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("are open");
      assertThat(read(forgotten, 0, 512)).hasSize(512);
    }
    clone.close();
  }

  @Test
  void steppedDeviceMovesOnlyWhenTheTestMovesIt() throws Exception {
    try (CloneFixture clone = CloneFixture.builder().stepped().build()) {
      clone.device().blocking().write(0, filled(REGION, 1));
      clone.steps().settle();
      clone.steps().advanceMs(999);
      assertThat(clone.metadata().bytes().unflushedSectors()).isEmpty();
      clone.journal().clear();

      clone.steps().advanceMs(1);

      assertThat(clone.journal().calls())
          .filteredOn(call -> call.operation() == Operation.FLUSH)
          .extracting(StoreCall::store)
          .containsExactly("destination", "metadata", "metadata");

      clone.destination().gate().hold(Operation.WRITE);
      CompletableFuture<Void> write = clone.device().write(0, filled(512, 2));
      assertThatThrownBy(() -> clone.steps().await(write))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("gate");
      clone.destination().gate().open();
      clone.steps().await(write);
    }
  }

  @Test
  void everyCrashStateOfAHistoryCanBeOpened() throws Exception {
    try (CloneFixture clone = CloneFixture.builder().stepped().build()) {
      CloneDevice device = clone.device();
      int[] states = new int[1];
      clone
          .crashingMedia()
          .beforeEachChange(
              () -> {
                for (List<CrashingBlockStore> left :
                    clone.crashingMedia().crashStates(20, Seed.random())) {
                  states[0]++;
                  try (CloneFixture after = clone.restartedOn(left)) {
                    assertThat(read(after.device(), 8 * REGION, REGION))
                        .isEqualTo(Arrays.copyOfRange(clone.content(), 8 * REGION, 9 * REGION));
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                }
              });
      clone.steps().await(device.write(0, filled(REGION, 1)));
      clone.steps().await(device.flush());
      clone.crashingMedia().beforeEachChange(() -> {});

      assertThat(states[0]).isGreaterThan(20);
    }
  }

  @Test
  void destinationWithoutDiscardKeepsDiscardsToTheMetadata() throws Exception {
    try (CloneFixture clone =
        CloneFixture.builder().destinationDiscards(DiscardSupport.NONE).build()) {
      clone.device().discard(0, REGION).join();

      CloneStatus status = clone.device().status();
      assertThat(status.hydratedRegions()).isEqualTo(1);
      assertThat(read(clone.device(), 0, REGION)).containsOnly(CloneFixture.OLD_DESTINATION);
    }
  }

  @Test
  void fixtureWithThreadsHasNoSteps() throws Exception {
    try (CloneFixture clone = CloneFixture.builder().build()) {
      assertThatThrownBy(clone::steps)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("stepped()");
    }
  }
}
