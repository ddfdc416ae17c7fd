package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CallGateTest {
  private final CallGate gate = new CallGate();

  @Test
  void closedGateRefusesCalls() {
    assertThat(gate.close()).isTrue();
    assertThatThrownBy(gate::enter).isInstanceOf(ClosedChannelException.class);
    assertThat(gate.close()).as("first").isFalse();
  }

  @Test
  void closeWaitsForTheCallUnderWayAlthoughInterrupted() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch mayLeave = new CountDownLatch(1);
    CompletableFuture<Void> caller =
        CompletableFuture.runAsync(
            () -> {
              try {
                gate.enter();
                entered.countDown();
                mayLeave.await();
                gate.leave();
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    entered.await();
    CompletableFuture<Boolean> callerHadLeft = new CompletableFuture<>();
    CompletableFuture<Boolean> stillInterrupted = new CompletableFuture<>();
    Thread closer =
        new Thread(
            () -> {
              gate.close();
              callerHadLeft.complete(mayLeave.getCount() == 0);
              stillInterrupted.complete(Thread.interrupted());
            });
    closer.start();
    while (closer.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    closer.interrupt();
    assertThatThrownBy(gate::enter).isInstanceOf(ClosedChannelException.class);
    assertThat(callerHadLeft).isNotDone();
    mayLeave.countDown();
    assertThat(callerHadLeft.get(30, TimeUnit.SECONDS)).isTrue();
    assertThat(stillInterrupted.get(30, TimeUnit.SECONDS)).isTrue();
    caller.get(30, TimeUnit.SECONDS);
  }
}
