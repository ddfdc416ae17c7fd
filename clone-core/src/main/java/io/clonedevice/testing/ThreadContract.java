package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.IoCompletion;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** A store among threads: at once, interrupted, asynchronous; and who owns its medium. */
abstract class ThreadContract extends DiscardAndCopyContract {
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

  private static void outcome(Consumer<IoCompletion> call) throws Exception {
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

  /**
   * Runs jobs, each on a thread of its own, and waits for them a minute.
   *
   * @param jobs begin at about the same time
   * @throws Exception what the first of them that failed has thrown
   */
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
}
