package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SteppedRuntimeTest {
  private final SteppedRuntime steps = new SteppedRuntime();
  private final CloneFixture clone =
      CloneFixture.builder().options(builder -> builder.runtime(steps.runtime())).build();

  private void close() throws Exception {
    clone.close();
    steps.close();
  }

  @Test
  void requestIsQueuedUntilTheTestRunsIt() throws Exception {
    CompletableFuture<Void> write = clone.device().write(512, ByteBuffer.allocate(512));
    assertThat(write).isNotDone();

    assertThat(steps.runTask()).isTrue();
    steps.await(write);

    assertThat(steps.runTask()).isFalse();
    close();
  }

  @Test
  void closeDoesTheWorkThatItWaitsFor() throws Exception {
    CloneDevice device = clone.reopen(builder -> builder.hydration(Hydration.background()));
    steps.stepHydrator();
    CompletableFuture<Void> write = device.write(512, ByteBuffer.allocate(512));

    close();

    assertThat(write).isCompleted();
  }

  @Test
  void waitingForWhatNobodyWillDoIsToldWithTheRemedy() throws Exception {
    CloneDevice device = clone.device();
    device.suspend();

    assertThatThrownBy(() -> device.blocking().write(0, ByteBuffer.allocate(512)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("resume the device");
    close();
  }

  @Test
  void taskThatIsRefusedFailsItsRequestOnly() throws Exception {
    steps.onSubmit(
        () -> {
          throw new RejectedExecutionException("full");
        });
    CompletableFuture<Void> refused = clone.device().write(0, ByteBuffer.allocate(512));
    steps.onSubmit(() -> {});

    assertThatThrownBy(() -> steps.await(refused)).hasRootCauseMessage("full");
    steps.await(clone.device().write(0, ByteBuffer.allocate(512)));
    close();
  }

  @Test
  void timePassesWhenTheTestSaysSo() throws Exception {
    steps.await(clone.device().write(0, ByteBuffer.allocate(4096)));
    clone.journal().clear();
    steps.settle();
    assertThat(clone.journal().calls()).isEmpty();

    steps.advanceMs(1_000);

    assertThat(clone.journal().calls()).extracting(StoreCall::operation).contains(Operation.FLUSH);
    close();
  }
}
