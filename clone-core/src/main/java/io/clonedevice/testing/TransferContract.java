package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What a store reads is what was written to it, in every shape of request. */
abstract class TransferContract extends ContractStores {
  private static final long GIB = 1L << 30;
  private static final long TIB = 1L << 40;

  @Test
  void knowsItsSizeAndBlockSize() throws Exception {
    BlockStore store = make(7L * block());
    assertThat(store.size()).isEqualTo(7L * block());
    assertThat(store.logicalBlockSize()).isEqualTo(block());
    assertThat(store.isReadOnly()).isFalse();
    assertThat(store.name()).isNotEmpty();
  }

  @Test
  void neverWrittenReadsAsZeroes() throws Exception {
    BlockStore store = make(64L * block());
    byte[] bytes = new byte[64 * block()];
    Arrays.fill(bytes, (byte) 1);
    store.read(0, ByteBuffer.wrap(bytes));
    assertThat(bytes).containsOnly(0);
  }

  @Test
  void storeOfOneBlockHoldsOneBlock() throws Exception {
    BlockStore store = make(block());
    byte[] bytes = randomBytes(Seed.random(), block());
    store.write(0, ByteBuffer.wrap(bytes));
    assertThat(read(store, 0, block())).isEqualTo(bytes);
  }

  @Test
  void lastBlockOfAnOddSizeIsWrittenAndItsNeighbourIsNot() throws Exception {
    BlockStore store = make(131L * block());
    byte[] bytes = randomBytes(Seed.random(), block());
    store.write(130L * block(), ByteBuffer.wrap(bytes));
    assertThat(read(store, 130L * block(), block())).isEqualTo(bytes);
    assertThat(read(store, 129L * block(), block())).containsOnly(0);
  }

  @Test
  void rangeAcrossTwoGiBIsWrittenWhereItBelongs() throws Exception {
    writesAcross(2 * GIB, make(2 * GIB + 64L * block()));
  }

  @Test
  void rangeAcrossFourTiBIsWrittenWhereItBelongs() throws Exception {
    writesAcross(4 * TIB, make(4 * TIB + 64L * block()));
  }

  private void writesAcross(long boundary, BlockStore store) throws IOException {
    byte[] bytes = randomBytes(Seed.random(), 128 * block());
    store.write(boundary - 64L * block(), ByteBuffer.wrap(bytes));
    assertThat(read(store, boundary - 64L * block(), 128 * block())).isEqualTo(bytes);
    assertThat(read(store, 0, 64 * block())).containsOnly(0);
    store.flush();
  }

  @TestFactory
  Stream<DynamicTest> buffersOfEveryKindAreReadAndWrittenBetweenPositionAndLimit() {
    return Stream.of(BufferKind.values())
        .map(
            kind ->
                DynamicTest.dynamicTest(
                    kind.name(), () -> readAndWriteBetweenPositionAndLimit(kind)));
  }

  private void readAndWriteBetweenPositionAndLimit(BufferKind kind) throws Exception {
    BlockStore store = make(16L * block());
    byte[] bytes = randomBytes(Seed.random(), 8 * block());
    ByteBuffer buffer = kind.of(8 * block());
    int start = buffer.position();
    int limit = buffer.limit();
    buffer.put(bytes).position(start);

    store.write(3L * block(), buffer);
    assertThat(buffer.position()).isEqualTo(limit);
    assertThat(buffer.limit()).isEqualTo(limit);

    ByteBuffer target = kind.of(8 * block());
    store.read(3L * block(), target);
    assertThat(target.position()).isEqualTo(limit);
    assertThat(target.limit()).isEqualTo(limit);
    assertThat(target.position(start)).isEqualTo(ByteBuffer.wrap(bytes));
    target.clear();
    for (int at = 0; at < start; at++) {
      assertThat(target.get(at)).isZero();
    }
    for (int at = limit; at < target.capacity(); at++) {
      assertThat(target.get(at)).isZero();
    }
    assertThat(read(store, 2L * block(), block())).containsOnly(0);
    assertThat(read(store, 11L * block(), block())).containsOnly(0);
  }

  @TestFactory
  Stream<DynamicTest> readOnlyBuffersAreWritten() {
    return Stream.of(BufferKind.values())
        .map(kind -> DynamicTest.dynamicTest(kind.name(), () -> writeReadOnlyBuffer(kind)));
  }

  private void writeReadOnlyBuffer(BufferKind kind) throws Exception {
    BlockStore store = make(16L * block());
    byte[] bytes = randomBytes(Seed.random(), 8 * block());
    ByteBuffer buffer = kind.of(8 * block());
    int start = buffer.position();
    buffer.put(bytes).position(start);
    store.write(0, buffer.asReadOnlyBuffer());
    assertThat(read(store, 0, 8 * block())).isEqualTo(bytes);
  }

  @Test
  void transferLongerThanAnyInternalBufferIsWhole() throws Exception {
    int length = (3 << 20) + block();
    BlockStore store = make(4L << 20);
    byte[] bytes = randomBytes(Seed.random(), length);
    store.write(block(), ByteBuffer.wrap(bytes));
    assertThat(Arrays.equals(read(store, block(), length), bytes)).isTrue();
  }

  @TestFactory
  Stream<DynamicTest> readAtOnceIsWholeOrNothingIntoBuffersOfEveryKind() {
    return Stream.of(BufferKind.values())
        .map(kind -> DynamicTest.dynamicTest(kind.name(), () -> readAtOnce(kind)));
  }

  private void readAtOnce(BufferKind kind) throws Exception {
    int length = 8 * block();
    BlockStore store = make(16L * block());
    byte[] bytes = randomBytes(Seed.random(), length);
    store.write(block(), ByteBuffer.wrap(bytes));
    ByteBuffer target = kind.of(length);
    int start = target.position();
    int limit = target.limit();

    boolean read = store.tryRead(block(), target);

    assertThat(target.position()).isEqualTo(read ? limit : start);
    assertThat(target.limit()).isEqualTo(limit);
    if (!read) {
      store.read(block(), target);
    }
    assertThat(target.position(start)).isEqualTo(ByteBuffer.wrap(bytes));
  }

  @TestFactory
  Stream<DynamicTest> uncachedWriteIsReadBackFromBuffersOfEveryKind() {
    return Stream.of(BufferKind.values())
        .map(kind -> DynamicTest.dynamicTest(kind.name(), () -> writeUncached(kind)));
  }

  private void writeUncached(BufferKind kind) throws Exception {
    int length = (1 << 20) + block();
    BlockStore store = make(2L << 20);
    byte[] bytes = randomBytes(Seed.random(), length);
    ByteBuffer buffer = kind.of(length);
    int start = buffer.position();
    int limit = buffer.limit();
    buffer.put(bytes).position(start);

    store.writeUncached(block(), buffer);

    assertThat(buffer.position()).isEqualTo(limit);
    assertThat(buffer.limit()).isEqualTo(limit);
    assertThat(Arrays.equals(read(store, block(), length), bytes)).isTrue();
    assertThat(read(store, 0, block())).containsOnly(0);
    assertThat(read(store, length + block(), block())).containsOnly(0);
  }

  @Test
  void durableWriteIsReadBack() throws Exception {
    BlockStore store = make(4L * block());
    byte[] bytes = randomBytes(Seed.random(), block());
    store.writeDurably(block(), ByteBuffer.wrap(bytes));
    assertThat(read(store, block(), block())).isEqualTo(bytes);
  }

  @Test
  void emptyRequestsSucceedAnywhereInsideAndDoNothing() throws Exception {
    BlockStore store = make(4L * block());
    store.write(0, ByteBuffer.wrap(randomBytes(new Random(2), 4 * block())));
    byte[] before = read(store, 0, 4 * block());
    ByteBuffer empty = ByteBuffer.allocate(block()).limit(0);
    store.read(store.size(), empty);
    store.write(store.size(), empty);
    store.writeUncached(store.size(), empty);
    store.copyTo(0, make(4L * block()), 0, 0);
    if (store.discardSupport().supported()) {
      store.discard(0, 0);
    }
    assertThat(read(store, 0, 4 * block())).isEqualTo(before);
  }

  @Test
  void readOnlyStoreReadsTheSameBytes() throws Exception {
    BlockStore store = make(4L * block());
    byte[] bytes = randomBytes(Seed.random(), 4 * block());
    store.write(0, ByteBuffer.wrap(bytes));
    store.flush();
    BlockStore readOnly = tracked(openReadOnly(store));
    assertThat(readOnly.isReadOnly()).isTrue();
    assertThat(readOnly.size()).isEqualTo(store.size());
    assertThat(read(readOnly, 0, 4 * block())).isEqualTo(bytes);
  }

  /** The shapes in which callers bring their bytes. */
  enum BufferKind {
    HEAP {
      @Override
      ByteBuffer of(int length) {
        return ByteBuffer.allocate(length);
      }
    },
    HEAP_AT_ODD_POSITION {
      @Override
      ByteBuffer of(int length) {
        return ByteBuffer.allocate(length + 10).position(7).limit(7 + length);
      }
    },
    HEAP_SLICE {
      @Override
      ByteBuffer of(int length) {
        return ByteBuffer.allocate(length + 10).position(3).slice().position(1).limit(1 + length);
      }
    },
    DIRECT {
      @Override
      ByteBuffer of(int length) {
        return ByteBuffer.allocateDirect(length);
      }
    },
    DIRECT_AT_ODD_POSITION {
      @Override
      ByteBuffer of(int length) {
        return ByteBuffer.allocateDirect(length + 10).position(7).limit(7 + length);
      }
    },
    DIRECT_PAGE_ALIGNED {
      @Override
      ByteBuffer of(int length) {
        return ByteBuffer.allocateDirect(length + 2 * 4096)
            .alignedSlice(4096)
            .position(0)
            .limit(length);
      }
    };

    abstract ByteBuffer of(int length);
  }
}
