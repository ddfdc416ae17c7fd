package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.IoCompletion;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What a store refuses, and that it says why. */
abstract class RefusalContract extends TransferContract {
  @Test
  void readOnlyStoreRefusesChanges() throws Exception {
    BlockStore readOnly = tracked(openReadOnly(make(4L * block())));
    ByteBuffer bytes = ByteBuffer.allocate(block());
    assertThatThrownBy(() -> readOnly.write(0, bytes))
        .isInstanceOf(NonWritableChannelException.class);
    assertThatThrownBy(() -> readOnly.preallocate(0, block()))
        .isInstanceOf(NonWritableChannelException.class);
    assertThatThrownBy(() -> readOnly.writeUncached(0, bytes))
        .isInstanceOf(NonWritableChannelException.class);
    assertThatThrownBy(() -> readOnly.discard(0, block()))
        .isInstanceOf(NonWritableChannelException.class);
    assertThat(readOnly.discardSupport()).isEqualTo(DiscardSupport.NONE);
    BlockStore other = make(4L * block());
    assertThatThrownBy(() -> other.copyTo(0, readOnly, 0, block()))
        .isInstanceOf(NonWritableChannelException.class);
  }

  @Test
  void flushOfReadOnlyStoreHasNothingToDo() throws Exception {
    BlockStore readOnly = tracked(openReadOnly(make(block())));
    readOnly.flush();
    assertThat(readOnly.isReadOnly()).isTrue();
  }

  @Test
  void readThatEndsBehindTheStoreSaysWhereAndHowLargeItIs() throws Exception {
    BlockStore store = make(4L * block());
    ByteBuffer buffer = ByteBuffer.allocate(2 * block());
    assertThatThrownBy(() -> store.read(3L * block(), buffer))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("read of " + 2 * block() + " bytes at byte " + 3 * block())
        .hasMessageContaining("ends at byte " + 5 * block())
        .hasMessageContaining(store.name() + " has " + 4 * block());
    assertThat(buffer.position()).isZero();
    assertThatThrownBy(() -> store.tryRead(3L * block(), buffer))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ends at byte " + 5 * block());
  }

  @Test
  void writeThatEndsBehindTheStoreWritesNothing() throws Exception {
    BlockStore store = make(4L * block());
    assertThatThrownBy(
            () ->
                store.write(3L * block(), ByteBuffer.wrap(randomBytes(new Random(1), 2 * block()))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ends at byte " + 5 * block());
    assertThat(read(store, 3L * block(), block())).containsOnly(0);
  }

  @Test
  void offsetThatOverflowsIsRefused() throws Exception {
    BlockStore store = make(4L * block());
    long offset = Long.MAX_VALUE - block() + 1; // the last aligned one
    assertThatThrownBy(() -> store.read(offset, ByteBuffer.allocate(2 * block())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("byte " + offset);
    assertThatThrownBy(() -> store.write(offset, ByteBuffer.allocate(2 * block())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("byte " + offset);
    BlockStore target = make(4L * block());
    assertThatThrownBy(() -> store.copyTo(offset, target, 0, offset))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("byte " + offset);
  }

  @Test
  void negativeOffsetIsRefused() throws Exception {
    BlockStore store = make(4L * block());
    assertThatThrownBy(() -> store.read(-block(), ByteBuffer.allocate(block())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-" + block())
        .hasMessageContaining("negative");
    assertThatThrownBy(() -> store.write(Long.MIN_VALUE, ByteBuffer.allocate(block())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("negative");
  }

  @Test
  void misalignedOffsetOrLengthIsRefusedWithTheBlockSize() throws Exception {
    BlockStore store = make(4L * block());
    assertThatThrownBy(() -> store.read(1, ByteBuffer.allocate(block())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiples of its logical block size, " + block());
    assertThatThrownBy(() -> store.write(0, ByteBuffer.allocate(block() - 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiples of its logical block size, " + block());
    assertThatThrownBy(() -> store.preallocate(0, block() - 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiples of its logical block size, " + block());
    BlockStore target = make(4L * block());
    assertThatThrownBy(() -> store.copyTo(0, target, 256, block()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiples of its logical block size, " + block());
  }

  @Test
  void readIntoReadOnlyBufferIsRefused() throws Exception {
    BlockStore store = make(block());
    ByteBuffer buffer = ByteBuffer.allocateDirect(block()).asReadOnlyBuffer();
    assertThatThrownBy(() -> store.read(0, buffer)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void asynchronousMisuseIsThrown() throws Exception {
    BlockStore store = make(4L * block());
    IoCompletion never = failure -> assertThat(true).as("completed").isFalse();
    assertThatThrownBy(() -> store.readAsync(1, ByteBuffer.allocate(block()), never))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.writeAsync(store.size(), ByteBuffer.allocate(block()), never))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void closedStoreFailsEveryCallAndSaysThatItIsClosed() throws Exception {
    BlockStore store = make(4L * block());
    BlockStore target = make(4L * block());
    boolean discards = store.discardSupport().supported();
    store.close();
    assertClosed(() -> store.read(0, ByteBuffer.allocate(block())), Operation.READ);
    assertClosed(() -> store.write(0, ByteBuffer.allocate(block())), Operation.WRITE);
    assertClosed(() -> store.writeUncached(0, ByteBuffer.allocate(block())), Operation.WRITE);
    assertThat(store.tryRead(0, ByteBuffer.allocateDirect(block()))).isFalse();
    store.preallocate(0, block()); // promises nothing, so it has nothing to tell
    assertClosed(store::flush, Operation.FLUSH);
    assertClosed(() -> store.copyTo(0, target, 0, block()), Operation.COPY);
    if (discards) {
      assertClosed(() -> store.discard(0, block()), Operation.DISCARD);
    }
  }

  private static void assertClosed(IoCompletion.IoCall call, Operation operation) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            BlockIoException.class, e -> assertThat(e.operation()).isEqualTo(operation))
        .hasCauseInstanceOf(ClosedChannelException.class);
  }

  @Test
  void closeIsIdempotent() throws Exception {
    BlockStore store = make(block());
    store.close();
    store.close();
    assertThatThrownBy(store::flush).hasCauseInstanceOf(ClosedChannelException.class);
  }
}
