package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore.Execution;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GatedBlockStoreTest {
  private final MemoryBlockStore memory = new MemoryBlockStore(4096);
  private final GatedBlockStore gate = new GatedBlockStore(memory, Execution.ASYNCHRONOUS);

  @AfterEach
  void close() throws IOException {
    gate.close();
  }

  private CompletableFuture<Void> startWrite(long offset) {
    CompletableFuture<Void> outcome = new CompletableFuture<>();
    new Thread(
            () -> {
              try {
                gate.write(offset, ByteBuffer.allocate(512).put(0, (byte) 1));
                outcome.complete(null);
              } catch (IOException e) {
                outcome.completeExceptionally(e);
              }
            })
        .start();
    return outcome;
  }

  @Test
  void heldCallWaitsBeforeTheDelegateAndGoesOnWhenReleased() throws Exception {
    gate.hold(Operation.WRITE);
    CompletableFuture<Void> write = startWrite(0);
    gate.awaitWaiting(1);
    assertThat(memory.contents()).containsOnly(0);
    assertThat(gate.waiting())
        .containsExactly(new StoreCall(memory.name(), Operation.WRITE, 0, 512));
    gate.releaseOne();
    write.get(30, TimeUnit.SECONDS);
    assertThat(memory.contents()[0]).isEqualTo((byte) 1);
    assertThat(gate.waiting()).isEmpty();
  }

  @Test
  void callsThatWereNotChosenPass() throws IOException {
    gate.hold(call -> call.offset() == 512);
    gate.read(0, ByteBuffer.allocate(512));
    gate.flush();
    assertThat(gate.waiting()).isEmpty();
  }

  @Test
  void callsAreReleasedInOrderOfArrivalAndTheGateStaysHeld() throws Exception {
    gate.hold();
    CompletableFuture<Void> first = startWrite(512);
    gate.awaitWaiting(1);
    CompletableFuture<Void> second = startWrite(0);
    gate.awaitWaiting(2);
    assertThat(gate.releaseOne().offset()).isEqualTo(512);
    first.get(30, TimeUnit.SECONDS);
    assertThat(second).isNotDone();
    gate.releaseAll();
    second.get(30, TimeUnit.SECONDS);
    CompletableFuture<Void> third = startWrite(1024);
    gate.awaitWaiting(1);
    gate.open();
    third.get(30, TimeUnit.SECONDS);
    gate.flush();
  }

  @Test
  void asynchronousCallsAreMadeByTheThreadThatReleasesThem() {
    gate.hold();
    List<String> events = new ArrayList<>();
    gate.writeAsync(0, ByteBuffer.allocate(512), failure -> events.add("write " + failure));
    gate.flushAsync(failure -> events.add("flush " + failure));
    assertThat(events).isEmpty();
    gate.releaseOne();
    assertThat(events).containsExactly("write null");
    gate.releaseOne();
    assertThat(events).containsExactly("write null", "flush null");
  }

  @Test
  void interruptDoesNotOpenTheGate() throws Exception {
    gate.hold();
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread reader =
        new Thread(
            () -> {
              try {
                gate.read(0, ByteBuffer.allocate(512));
                interrupted.complete(Thread.interrupted());
              } catch (IOException e) {
                interrupted.completeExceptionally(e);
              }
            });
    reader.start();
    gate.awaitWaiting(1);
    // A thread that had passed could not take several: it would end.
    for (int n = 0; n < 5; n++) {
      reader.interrupt();
      while (reader.isInterrupted() && reader.isAlive()) {
        Thread.onSpinWait();
      }
    }
    assertThat(interrupted).isNotDone();
    gate.open();
    assertThat(interrupted.get(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void closingFailsTheCallsThatHangAndTheDelegateNeverSeesThem() throws Exception {
    gate.hold();
    CompletableFuture<Void> blocking = startWrite(0);
    gate.awaitWaiting(1);
    List<Throwable> outcomes = new ArrayList<>();
    gate.writeAsync(512, ByteBuffer.allocate(512).put(0, (byte) 1), outcomes::add);

    gate.close();

    assertThatThrownBy(() -> blocking.get(30, TimeUnit.SECONDS))
        .cause()
        .isInstanceOf(BlockIoException.class)
        .hasCauseInstanceOf(ClosedChannelException.class);
    assertThat(outcomes).singleElement().isInstanceOf(BlockIoException.class);
    assertThat(memory.contents()).containsOnly(0);
  }

  @Test
  void releaseWithoutAWaitingCallIsAMistake() {
    assertThatThrownBy(gate::releaseOne)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("awaitWaiting");
  }
}
