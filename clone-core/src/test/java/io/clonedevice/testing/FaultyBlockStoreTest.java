package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
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
  void failureIsWhatTheTestChoseUnchangedAndAnUncheckedOneIsThrownByTheCallItself() {
    store.failAlways();
    IOException chosen = new IOException("chosen");
    store.failWith((call, number) -> chosen);
    assertThatThrownBy(this::write).isSameAs(chosen);
    Throwable[] outcome = new Throwable[1];
    store.readAsync(0, ByteBuffer.allocate(512), failure -> outcome[0] = failure);
    assertThat(outcome[0]).isSameAs(chosen);

    store.failWith((call, number) -> new OutOfMemoryError("fault " + number + " at " + call));
    assertThatThrownBy(() -> store.flushAsync(failure -> outcome[0] = failure))
        .isInstanceOf(OutOfMemoryError.class)
        .hasMessage("fault 3 at flush of " + memory.name());
    assertThat(outcome[0]).isSameAs(chosen);
  }

  @Test
  void fullMediumTakesWhatFitsAndSaysSo() throws IOException {
    store.failWhen(call -> call.offset() + call.length() > 1024);
    store.failWith(FaultyBlockStore::noSpaceLeft);
    write();
    assertThatThrownBy(() -> store.write(1024, ByteBuffer.allocate(512)))
        .isInstanceOf(BlockIoException.class)
        .hasMessageContaining("byte 1024")
        .hasMessageContaining("No space left on device");
  }

  @Test
  void shortTransferDoesItsFirstBlocksBeforeItFails() throws IOException {
    memory.write(0, ByteBuffer.wrap(filled(4096, 1)));
    store.failAlways();
    store.failAfter(1500);
    ByteBuffer target = ByteBuffer.allocate(4096);
    assertThatThrownBy(() -> store.read(0, target)).isInstanceOf(BlockIoException.class);
    assertThat(target.array()[1023]).isEqualTo((byte) 1);
    assertThat(target.array()[1024]).isZero();

    assertThatThrownBy(() -> store.write(1024, ByteBuffer.wrap(filled(2048, 2))))
        .isInstanceOf(BlockIoException.class);
    Throwable[] outcome = new Throwable[1];
    store.discardAsync(0, 512, failure -> outcome[0] = failure);
    assertThat(outcome[0]).isInstanceOf(BlockIoException.class);
    byte[] expected = filled(4096, 1);
    Arrays.fill(expected, 1024, 2048, (byte) 2);
    Arrays.fill(expected, 0, 512, (byte) 0);
    assertThat(memory.contents()).isEqualTo(expected);
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  @Test
  void copyIsACopyAtTheSourceAndWritesAtTheTarget() throws IOException {
    memory.write(0, ByteBuffer.wrap(filled(4096, 1)));
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
