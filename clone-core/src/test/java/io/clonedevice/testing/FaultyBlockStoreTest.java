package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class FaultyBlockStoreTest {
  private final MemoryBlockStore memory = new MemoryBlockStore(4096);
  private final FaultyBlockStore store = new FaultyBlockStore(memory);

  private void write() throws IOException {
    store.write(512, ByteBuffer.allocate(512).put(0, (byte) 1));
  }

  private void read() throws IOException {
    store.read(0, ByteBuffer.allocate(512));
  }

  @Test
  void chosenCallFailsOnceWithItsPlaceAndTouchesNothing() throws IOException {
    store.failCall(1, Operation.WRITE);
    store.write(0, ByteBuffer.allocate(512));
    read();
    assertThatThrownBy(this::write)
        .isInstanceOfSatisfying(
            BlockIoException.class,
            e -> {
              assertThat(e.operation()).isEqualTo(Operation.WRITE);
              assertThat(e.offset()).isEqualTo(512);
              assertThat(e.length()).isEqualTo(512);
            })
        .hasMessageContaining("injected fault 1");
    assertThat(memory.contents()).containsOnly(0);
    write();
    assertThat(memory.contents()[512]).isEqualTo((byte) 1);
    assertThat(store.faultCount()).isEqualTo(1);
  }

  @Test
  void callsFailForAWhile() throws IOException {
    store.failCalls(1, 2);
    store.flush();
    assertThatThrownBy(store::flush).isInstanceOf(BlockIoException.class);
    assertThatThrownBy(this::read).isInstanceOf(BlockIoException.class);
    store.flush();
    assertThat(store.faultCount()).isEqualTo(2);
  }

  @Test
  void callsFailUntilTheStoreIsHealed() throws IOException {
    store.failAlways(Operation.FLUSH);
    assertThatThrownBy(store::flush).isInstanceOf(BlockIoException.class);
    assertThatThrownBy(() -> store.writeDurably(0, ByteBuffer.allocate(512)))
        .isInstanceOf(BlockIoException.class)
        .hasMessageContaining("flush");
    store.heal();
    store.flush();
    assertThat(store.faultCount()).isEqualTo(2);
  }

  @Test
  void predicateChoosesByPlace() throws IOException {
    store.failWhen(call -> call.offset() == 512);
    read();
    assertThatThrownBy(this::write).isInstanceOf(BlockIoException.class);
    assertThatThrownBy(() -> store.discard(512, 512))
        .isInstanceOf(BlockIoException.class)
        .hasMessageContaining("discard");
  }

  @Test
  void asynchronousCallReportsTheFault() {
    store.failAlways();
    Throwable[] outcome = new Throwable[1];
    store.readAsync(0, ByteBuffer.allocate(512), failure -> outcome[0] = failure);
    assertThat(outcome[0]).isInstanceOf(BlockIoException.class);
  }

  @Test
  void copyIsACopyAtTheSourceAndWritesAtTheTarget() throws IOException {
    FaultyBlockStore target = new FaultyBlockStore(new MemoryBlockStore(4096));
    store.copyTo(0, target, 0, 4096);
    assertThat(store.callCount(Operation.COPY)).isEqualTo(1);
    assertThat(store.callCount()).isEqualTo(1);
    assertThat(target.callCount(Operation.WRITE)).isEqualTo(1);
  }

  @Test
  void loopOverAllCallsEndsWhenARunMeetsNoFault() {
    boolean metFault = true;
    int runs = 0;
    for (long n = 0; metFault; n++) {
      FaultyBlockStore fresh = new FaultyBlockStore(new MemoryBlockStore(4096));
      fresh.failCall(n);
      try {
        fresh.write(0, ByteBuffer.allocate(512));
        fresh.flush();
        fresh.read(0, ByteBuffer.allocate(512));
      } catch (IOException expected) {
        assertThat(fresh.callCount()).isEqualTo(n + 1);
      }
      metFault = fresh.faultCount() > 0;
      runs++;
    }
    assertThat(runs).isEqualTo(4);
  }
}
