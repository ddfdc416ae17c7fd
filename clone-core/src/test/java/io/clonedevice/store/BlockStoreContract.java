package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The promises of {@link BlockStore}, for every backend and every wrapper. A new backend says how
 * it is made.
 */
public abstract class BlockStoreContract {
  private static final long GIB = 1L << 30;
  private static final long TIB = 1L << 40;

  @TempDir protected Path directory;

  private final List<BlockStore> opened = new ArrayList<>();

  /** Makes a writable store of zeroes, of exactly this size if a multiple of {@link #block()}. */
  protected abstract BlockStore create(long size) throws Exception;

  /** Opens the medium of a store made by {@link #create} a second time, read-only. */
  protected abstract BlockStore openReadOnly(BlockStore store) throws Exception;

  /** The logical block size that the stores have. */
  protected int block() {
    return 512;
  }

  @AfterEach
  void closeAll() throws IOException {
    for (BlockStore store : opened) {
      store.close();
    }
  }

  protected final BlockStore make(long size) throws Exception {
    return tracked(create(size));
  }

  protected final <S extends BlockStore> S tracked(S store) {
    opened.add(store);
    return store;
  }

  protected static byte[] randomBytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  protected static byte[] read(BlockStore store, long offset, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    store.read(offset, buffer);
    return buffer.array();
  }

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

  @Test
  void threadsThatUseTheirOwnRangesDoNotDisturbEachOther() throws Exception {
    int threads = 4;
    int blocksEach = 64;
    BlockStore store = make((long) threads * blocksEach * block());
    Seed seed = new Seed();
    List<Callable<Void>> jobs = new ArrayList<>();
    for (int thread = 0; thread < threads; thread++) {
      Random random = seed.stream();
      int mine = thread;
      jobs.add(
          () -> {
            // Blocks of all threads alternate, so that neighbours share pages.
            byte[][] expected = new byte[blocksEach][block()];
            for (int n = 0; n < 500; n++) {
              int index = random.nextInt(blocksEach);
              long offset = ((long) index * threads + mine) * block();
              assertThat(read(store, offset, block())).isEqualTo(expected[index]);
              random.nextBytes(expected[index]);
              store.write(offset, ByteBuffer.wrap(expected[index]));
            }
            return null;
          });
    }
    runAll(jobs);
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

  @Test
  void readOnlyStoreRefusesChanges() throws Exception {
    BlockStore readOnly = tracked(openReadOnly(make(4L * block())));
    ByteBuffer bytes = ByteBuffer.allocate(block());
    assertThatThrownBy(() -> readOnly.write(0, bytes))
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
  void emptyRequestsSucceedAnywhereInsideAndDoNothing() throws Exception {
    BlockStore store = make(4L * block());
    store.write(0, ByteBuffer.wrap(randomBytes(new Random(2), 4 * block())));
    byte[] before = read(store, 0, 4 * block());
    ByteBuffer empty = ByteBuffer.allocate(block()).limit(0);
    store.read(store.size(), empty);
    store.write(store.size(), empty);
    store.copyTo(0, make(4L * block()), 0, 0);
    if (store.discardSupport().supported()) {
      store.discard(0, 0);
    }
    assertThat(read(store, 0, 4 * block())).isEqualTo(before);
  }

  @Test
  void closedStoreFailsEveryCallAndSaysThatItIsClosed() throws Exception {
    BlockStore store = make(4L * block());
    BlockStore target = make(4L * block());
    boolean discards = store.discardSupport().supported();
    store.close();
    assertClosed(() -> store.read(0, ByteBuffer.allocate(block())), Operation.READ);
    assertClosed(() -> store.write(0, ByteBuffer.allocate(block())), Operation.WRITE);
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

  @Test
  void discardIsWhatDiscardSupportSays() throws Exception {
    BlockStore store = make(1L << 20);
    DiscardSupport support = store.discardSupport();
    byte[] bytes = randomBytes(Seed.random(), 1 << 20);
    store.write(0, ByteBuffer.wrap(bytes));
    if (!support.supported()) {
      assertThat(support).isEqualTo(DiscardSupport.NONE);
      assertThatThrownBy(() -> store.discard(0, block()))
          .isInstanceOf(UnsupportedOperationException.class);
      return;
    }
    assertThat(support.granularity()).isPositive();
    assertThat(support.maxLength()).isPositive().isLessThanOrEqualTo(store.size());
    // Not aligned to the granularity, on purpose.
    int from = 3 * block();
    int length = (1 << 19) + block();
    store.discard(from, length);
    store.flush();
    byte[] after = read(store, 0, 1 << 20);
    if (support.readsZeroes()) {
      assertThat(Arrays.copyOfRange(after, from, from + length)).containsOnly(0);
    }
    assertThat(Arrays.copyOf(after, from)).isEqualTo(Arrays.copyOf(bytes, from));
    assertThat(Arrays.copyOfRange(after, from + length, 1 << 20))
        .isEqualTo(Arrays.copyOfRange(bytes, from + length, 1 << 20));
  }

  @Test
  void discardLongerThanTheMaximumOrBehindTheEndIsRefused() throws Exception {
    BlockStore store = make(1L << 20);
    DiscardSupport support = store.discardSupport();
    assumeTrue(support.supported(), "the store does not support discard");
    assertThatThrownBy(() -> store.discard(store.size() - block(), 2L * block()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ends at byte");
    assertThatThrownBy(() -> store.discard(0, store.size() + block()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.discard(1, block()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiples");
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
        return ByteBuffer.allocateDirect(length + 4096)
            .alignedSlice(4096)
            .position(0)
            .limit(length);
      }
    };

    abstract ByteBuffer of(int length);
  }

  @ParameterizedTest
  @EnumSource(BufferKind.class)
  void buffersOfEveryKindAreReadAndWrittenBetweenPositionAndLimit(BufferKind kind)
      throws Exception {
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

  @ParameterizedTest
  @EnumSource(BufferKind.class)
  void readOnlyBuffersAreWritten(BufferKind kind) throws Exception {
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

  @Test
  void durableWriteIsReadBack() throws Exception {
    BlockStore store = make(4L * block());
    byte[] bytes = randomBytes(Seed.random(), block());
    store.writeDurably(block(), ByteBuffer.wrap(bytes));
    assertThat(read(store, block(), block())).isEqualTo(bytes);
  }

  @ParameterizedTest
  @EnumSource(StoreKind.class)
  void copyToEveryKindCopiesTheRangeAndNothingElse(StoreKind kind) throws Exception {
    int length = (2 << 20) + 4096;
    BlockStore store = make(4L << 20);
    byte[] bytes = randomBytes(Seed.random(), length);
    store.write(4096, ByteBuffer.wrap(bytes));
    BlockStore target = tracked(kind.create(directory.resolve("copy"), 4L << 20));

    store.copyTo(4096, target, 8192, length);

    assertThat(Arrays.equals(read(target, 8192, length), bytes)).isTrue();
    assertThat(read(target, 0, 8192)).containsOnly(0);
    assertThat(read(target, 8192L + length, 4096)).containsOnly(0);
  }

  @ParameterizedTest
  @EnumSource(StoreKind.class)
  void copyFromEveryKindCopiesTheRange(StoreKind kind) throws Exception {
    BlockStore source = tracked(kind.create(directory.resolve("copy"), 1L << 20));
    byte[] bytes = randomBytes(Seed.random(), 1 << 16);
    source.write(4096, ByteBuffer.wrap(bytes));
    BlockStore store = make(1L << 20);

    source.copyTo(4096, store, 0, 1 << 16);

    assertThat(read(store, 0, 1 << 16)).isEqualTo(bytes);
  }

  @Test
  void copyToAClosedStoreNamesTheTarget() throws Exception {
    BlockStore store = make(4L * block());
    BlockStore target = make(4L * block());
    target.close();
    assertThatThrownBy(() -> store.copyTo(0, target, 0, block()))
        .isInstanceOfSatisfying(
            BlockIoException.class, e -> assertThat(e.store()).isEqualTo(target.name()));
  }

  @Test
  void extentsCoverTheStoreAndHolesReadAsZeroes() throws Exception {
    BlockStore store = make(1L << 20);
    byte[] bytes = randomBytes(Seed.random(), 1 << 18);
    store.write(1 << 18, ByteBuffer.wrap(bytes));
    store.flush();
    byte[] rebuilt = new byte[1 << 20];
    Extent extent;
    for (long at = 0; at < store.size(); at += extent.length()) {
      extent = store.extentAt(at, store.size() - at);
      assertThat(extent.offset()).isEqualTo(at);
      assertThat(extent.length()).isPositive().isLessThanOrEqualTo(store.size() - at);
      assertThat(extent.length() % block()).isZero();
      if (extent.kind() == Extent.Kind.DATA) {
        int length = (int) extent.length();
        System.arraycopy(read(store, at, length), 0, rebuilt, (int) at, length);
      }
    }
    assertThat(rebuilt).isEqualTo(read(store, 0, 1 << 20));
  }

  @Test
  void extentIsNoLongerThanAskedFor() throws Exception {
    BlockStore store = make(1L << 20);
    assertThat(store.extentAt(block(), block()).length()).isEqualTo(block());
    assertThatThrownBy(() -> store.extentAt(store.size(), block()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void callsOfAnInterruptedThreadSucceedAndItStaysInterrupted() throws Exception {
    BlockStore store = make(1L << 20);
    BlockStore target = make(1L << 20);
    byte[] bytes = randomBytes(Seed.random(), block());
    List<IoCompletion.IoCall> calls = new ArrayList<>();
    calls.add(() -> store.write(0, ByteBuffer.wrap(bytes)));
    calls.add(() -> store.read(0, ByteBuffer.allocate(block())));
    calls.add(() -> store.read(0, ByteBuffer.allocateDirect(block())));
    calls.add(store::flush);
    calls.add(() -> store.copyTo(0, target, 0, 1 << 16));
    calls.add(() -> store.extentAt(0, block()));
    calls.add(store::tryLock);
    if (store.discardSupport().supported()) {
      calls.add(() -> store.discard(1L << 19, block()));
    }
    for (IoCompletion.IoCall call : calls) {
      Thread.currentThread().interrupt();
      call.run();
      assertThat(Thread.interrupted()).isTrue();
    }
    Thread.currentThread().interrupt();
    store.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(read(target, 0, block())).isEqualTo(bytes);
  }

  @Test
  void interruptsInTheMiddleOfTransfersFailNobody() throws Exception {
    int threads = 3;
    int interruptsEach = 50;
    BlockStore store = make((long) threads << 20);
    Seed seed = new Seed();
    List<Callable<Void>> jobs = new ArrayList<>();
    for (int thread = 0; thread < threads; thread++) {
      Random random = seed.stream();
      long base = (long) thread << 20;
      jobs.add(
          () -> {
            ByteBuffer written = ByteBuffer.allocateDirect(1 << 16);
            ByteBuffer back = ByteBuffer.allocateDirect(1 << 16);
            Thread self = Thread.currentThread();
            Semaphore seen = new Semaphore(0);
            Future<Boolean> interrupter =
                CompletableFuture.supplyAsync(
                    () -> {
                      // The next interrupt follows when the one before was seen: none is lost.
                      for (int n = 0; n < interruptsEach; n++) {
                        self.interrupt();
                        try {
                          if (!seen.tryAcquire(30, TimeUnit.SECONDS)) {
                            return false;
                          }
                        } catch (InterruptedException e) {
                          return false;
                        }
                      }
                      return true;
                    },
                    command -> new Thread(command, "interrupter").start());
            while (!interrupter.isDone()) {
              written.clear().putLong(0, random.nextLong());
              store.write(base, written.duplicate());
              if (random.nextInt(8) == 0) {
                store.flush();
              }
              store.read(base, back.clear());
              assertThat(back.flip()).isEqualTo(written);
              if (Thread.interrupted()) {
                seen.release();
              }
            }
            assertThat(interrupter.get()).as("every interrupt was seen").isTrue();
            return null;
          });
    }
    runAll(jobs);
  }

  @Test
  void asynchronousCallsReportTheirOutcomeOnce() throws Exception {
    BlockStore store = make(4L * block());
    byte[] bytes = randomBytes(Seed.random(), block());
    outcome(completion -> store.writeAsync(block(), ByteBuffer.wrap(bytes), completion));
    outcome(store::flushAsync);
    ByteBuffer back = ByteBuffer.allocate(block());
    outcome(completion -> store.readAsync(block(), back, completion));
    assertThat(back.array()).isEqualTo(bytes);
    if (store.discardSupport().supported()) {
      outcome(completion -> store.discardAsync(block(), block(), completion));
    }
    store.close();
    assertThatThrownBy(() -> outcome(store::flushAsync))
        .hasRootCauseInstanceOf(ClosedChannelException.class);
  }

  private static void outcome(java.util.function.Consumer<IoCompletion> call) throws Exception {
    CompletableFuture<Void> outcome = new CompletableFuture<>();
    call.accept(
        failure -> {
          boolean first =
              failure == null ? outcome.complete(null) : outcome.completeExceptionally(failure);
          assertThat(first).as("completed once").isTrue();
        });
    outcome.get(30, TimeUnit.SECONDS);
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
  void mediumIsClaimedByOneStoreUntilItIsClosed() throws Exception {
    BlockStore store = make(4L * block());
    BlockStore second = tracked(openReadOnly(store));
    assertThat(store.tryLock()).isTrue();
    assertThat(store.tryLock()).as("it is ours").isTrue();
    assertThat(second.tryLock()).isFalse();
    store.close();
    assertThat(second.tryLock()).isTrue();
  }

  @Test
  void identityIsThatOfTheMedium() throws Exception {
    BlockStore store = make(4L * block());
    BlockStore same = tracked(openReadOnly(store));
    BlockStore other = make(4L * block());
    assertThat(same.identity()).isEqualTo(store.identity()).hasSameHashCodeAs(store.identity());
    assertThat(other.identity()).isNotEqualTo(store.identity());
  }

  protected static void runAll(List<Callable<Void>> jobs) throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(jobs.size());
    try {
      List<Future<Void>> futures = jobs.stream().map(executor::submit).toList();
      for (Future<Void> future : futures) {
        future.get(60, TimeUnit.SECONDS);
      }
    } finally {
      executor.shutdownNow();
    }
  }

  /** The backends that need no special rights, as the other end of a copy. */
  enum StoreKind {
    MEMORY {
      @Override
      BlockStore create(Path path, long size) {
        return new MemoryBlockStore(size);
      }
    },
    FILE {
      @Override
      BlockStore create(Path path, long size) throws IOException {
        return FileChannelBlockStore.create(path, size);
      }
    },
    MAPPED {
      @Override
      BlockStore create(Path path, long size) throws IOException {
        return MappedBlockStore.create(path, size);
      }
    },
    RAW_DEVICE {
      @Override
      BlockStore create(Path path, long size) {
        try {
          return RawDeviceBlockStore.create(path, size);
        } catch (IOException e) {
          return abort("no direct I/O on " + path + ": " + e.getMessage());
        }
      }
    },
    FILTER {
      @Override
      BlockStore create(Path path, long size) throws IOException {
        return new FilterBlockStore(FileChannelBlockStore.create(path, size));
      }
    };

    abstract BlockStore create(Path path, long size) throws IOException;
  }
}
