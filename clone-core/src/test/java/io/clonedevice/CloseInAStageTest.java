package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.CloneFixture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/**
 * A stage that depends on a request closes the device, on a thread that has something else to do
 * for it: other requests to tell or to begin, a round of flushes to end. Close waits for all that.
 */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class CloseInAStageTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 4;
  private static final int MANY = 100;

  private final SteppedClone stepped = new SteppedClone(REGIONS * REGION, REGION);

  /** Closes the device when the request has ended, well or not. */
  private static CompletableFuture<Void> closeAfter(
      CompletableFuture<Void> request, CloneDevice device) {
    return request.handle(
        (nothing, failure) -> {
          try {
            device.close();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          return null;
        });
  }

  private void assertClosed(CompletableFuture<Void> closing, CloneDevice device) {
    stepped.run();
    assertThat(closing).isCompleted();
    assertThatThrownBy(device::flush).isInstanceOf(IllegalStateException.class);
    stepped.close();
  }

  @Test
  @Tag("B11")
  void afterAFlush() {
    CloneDevice device = stepped.open();
    assertClosed(closeAfter(device.flush(), device), device);
  }

  @Test
  @Tag("B11")
  void afterADurableWrite() {
    CloneDevice device = stepped.open();
    CompletableFuture<Void> write = device.writeDurably(512, ByteBuffer.allocate(512));
    assertClosed(closeAfter(write, device), device);
    assertThat(stepped.committedRegions()).containsExactly(0L);
  }

  @Test
  @Tag("B11")
  void afterEachOfTheFlushesOfARound() {
    CloneDevice device = stepped.open();
    List<CompletableFuture<Void>> flushes = List.of(device.flush(), device.flush(), device.flush());
    List<CompletableFuture<Void>> closings =
        flushes.stream().map(flush -> closeAfter(flush, device)).toList();
    assertClosed(closings.get(0), device);
    assertThat(flushes).allSatisfy(flush -> assertThat(flush).isCompleted());
    assertThat(closings).allSatisfy(closing -> assertThat(closing).isCompleted());
  }

  @Test
  @Tag("B11")
  void afterAFlushWhileAnotherWaitsForTheNextRound() {
    CloneDevice device = stepped.open();
    CompletableFuture<Void> first = device.flush();
    CompletableFuture<CompletableFuture<Void>> next = first.thenApply(nothing -> device.flush());
    CompletableFuture<Void> closing = closeAfter(next.thenApply(flush -> null), device);
    assertClosed(closing, device);
    assertThat(next.join()).isCompleted();
  }

  @Test
  @Tag("B11")
  void afterAFlushWhileAnotherIsAskedForAgainAndAgain() {
    CloneDevice device = stepped.open();
    CompletableFuture<Void> closing = closeAfter(device.flush(), device);
    AtomicInteger flushes = new AtomicInteger();
    flushAgainAndAgain(device, flushes);
    assertClosed(closing, device);
    assertThat(flushes).hasValueLessThan(MANY);
  }

  private static void flushAgainAndAgain(CloneDevice device, AtomicInteger count) {
    CompletableFuture<Void> flush = device.flush();
    if (count.incrementAndGet() < MANY) {
      flush.thenRun(() -> flushAgainAndAgain(device, count));
    }
  }

  @Test
  @Tag("B11")
  void afterAWriteThatWaitedForACopyWithAnother() {
    CloneDevice device = stepped.open(Hydration.background().threshold(1).batchSize(1));
    stepped.source().gate().hold(Operation.READ);
    stepped.run();
    CompletableFuture<Void> first = device.write(512, ByteBuffer.wrap(filled(512, 1)));
    CompletableFuture<Void> second = device.write(1024, ByteBuffer.wrap(filled(512, 2)));
    CompletableFuture<Void> closing = closeAfter(first, device);
    stepped.source().gate().open();
    assertClosed(closing, device);
    assertThat(second).isCompleted();
    assertThat(stepped.destinationBytes(512, 512)).isEqualTo(filled(512, 1));
    assertThat(stepped.destinationBytes(1024, 512)).isEqualTo(filled(512, 2));
  }

  @Test
  @Tag("B11")
  void afterAWriteThatFailedWithTheOneItWaitedFor() {
    CloneDevice device = stepped.open();
    stepped.source().faults().failAlways(Operation.READ);
    stepped.source().gate().hold(Operation.READ);
    CompletableFuture<Void> first = device.write(512, ByteBuffer.allocate(512));
    CompletableFuture<Void> second = device.write(1024, ByteBuffer.allocate(512));
    CompletableFuture<Void> third = device.write(1536, ByteBuffer.allocate(512));
    CompletableFuture<Void> closing = closeAfter(second, device);
    stepped.source().gate().open();
    assertClosed(closing, device);
    assertThat(List.of(first, second, third))
        .allSatisfy(write -> assertThat(write).isCompletedExceptionally());
  }

  @Test
  @Tag("B11")
  void afterAWriteThatWaitedForTheResumeWithAnother() {
    CloneDevice device = stepped.open(CloneDeviceBuilder::suspended);
    CompletableFuture<Void> first = device.write(0, ByteBuffer.allocate(REGION));
    CompletableFuture<Void> second = device.write(REGION, ByteBuffer.allocate(REGION));
    CompletableFuture<Void> closing = closeAfter(first, device);
    device.resume();
    assertClosed(closing, device);
    assertThat(second).isCompleted();
    assertThat(stepped.committedRegions()).containsExactly(0L, 1L);
  }

  @Test
  @Tag("B11")
  void afterAFlushOfARoundWhileAnotherThreadCloses() throws Exception {
    stepped.close();
    try (CloneFixture media = CloneFixture.builder().build()) {
      CloneDevice device = media.device();
      media.destination().gate().hold(Operation.FLUSH);
      CompletableFuture<Void> begun = device.flush();
      media.destination().gate().awaitWaiting(1);
      CompletableFuture<Void> first = device.flush();
      CompletableFuture<Void> second = device.flush();
      CompletableFuture<Void> closing = closeAfter(first, device);
      FutureTask<Void> closingToo = start(device::close);
      assertThatThrownBy(() -> askUntilRefused(device)).isInstanceOf(IllegalStateException.class);
      media.destination().gate().open();
      closingToo.get(20, TimeUnit.SECONDS);
      closing.get(20, TimeUnit.SECONDS);
      assertThat(List.of(begun, first, second))
          .allSatisfy(flush -> assertThat(flush).isCompleted());
    }
  }

  private static void askUntilRefused(CloneDevice device) {
    while (true) {
      device.isHydrated(0, 512);
    }
  }

  /** Something that may fail. */
  private interface Action {
    void run() throws Exception;
  }

  private static FutureTask<Void> start(Action action) {
    FutureTask<Void> task =
        new FutureTask<>(
            () -> {
              action.run();
              return null;
            });
    Thread thread = new Thread(task, "test-action");
    thread.setDaemon(true);
    thread.start();
    return task;
  }
}
