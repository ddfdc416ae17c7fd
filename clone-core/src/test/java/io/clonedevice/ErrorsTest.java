package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.CloneFixture;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a user learns of a store's trouble: which store, what it was asked to do, where, and why.
 */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class ErrorsTest {
  private static final int REGION = 4096;

  private final CloneFixture media =
      CloneFixture.builder().randomSource(16 * REGION, 1).regionSize(REGION).build();

  private static Throwable outcome(CompletableFuture<Void> request) throws Exception {
    Throwable failure = catchThrowable(() -> request.get(20, TimeUnit.SECONDS));
    assertThat(failure).isInstanceOf(ExecutionException.class);
    return failure.getCause();
  }

  @AfterEach
  void closeMedia() throws Exception {
    media.close();
  }

  private static void assertPlace(
      Throwable failure, String store, Operation operation, long offset, long length) {
    assertThat(failure).isInstanceOf(BlockIoException.class);
    BlockIoException trouble = (BlockIoException) failure;
    assertThat(trouble.store()).isEqualTo(store);
    assertThat(trouble.operation()).isEqualTo(operation);
    assertThat(trouble.offset()).isEqualTo(offset);
    assertThat(trouble.length()).isEqualTo(length);
    assertThat(trouble).cause().isInstanceOf(IOException.class).hasMessageContaining("injected");
    assertThat(trouble).hasMessageContaining(store).hasMessageContaining("injected");
  }

  @Test
  @Tag("B20")
  void readsAndWritesThatFailSayWhere() throws Exception {
    String source = media.source().bytes().name();
    String destination = media.destination().bytes().name();
    try (CloneDevice device = media.deviceBuilder().open()) {
      device.blocking().write(0, ByteBuffer.allocate(REGION));
      media.source().faults().failAlways(Operation.READ);
      media.destination().faults().failAlways(Operation.READ, Operation.WRITE, Operation.DISCARD);
      ByteBuffer block = ByteBuffer.allocate(1024);

      assertPlace(
          outcome(device.read(REGION + 512, block.clear())),
          source,
          Operation.READ,
          REGION + 512,
          1024);
      assertPlace(outcome(device.read(512, block.clear())), destination, Operation.READ, 512, 1024);
      assertPlace(
          outcome(device.write(512, block.clear())), destination, Operation.WRITE, 512, 1024);
      assertPlace(
          outcome(device.write(REGION, ByteBuffer.allocate(2 * REGION))),
          destination,
          Operation.WRITE,
          REGION,
          2 * REGION);
      assertPlace(
          outcome(device.write(3 * REGION + 512, block.clear())),
          source,
          Operation.READ,
          3 * REGION,
          REGION);
      assertPlace(
          catchThrowable(() -> device.blocking().read(REGION + 512, block.clear())),
          source,
          Operation.READ,
          REGION + 512,
          1024);
      assertPlace(
          catchThrowable(() -> device.blocking().write(512, block.clear())),
          destination,
          Operation.WRITE,
          512,
          1024);
    }
  }

  @Test
  @Tag("B20")
  void commitsThatFailSayWhere() throws Exception {
    try (CloneDevice device = media.deviceBuilder().open()) {
      device.blocking().write(0, ByteBuffer.allocate(REGION));
      media.metadata().faults().failCall(0, Operation.FLUSH);
      assertPlace(outcome(device.flush()), media.metadata().bytes().name(), Operation.FLUSH, 0, 0);
      device.reopenReadWrite();
      media.destination().faults().failCall(0, Operation.FLUSH);
      assertPlace(
          catchThrowable(() -> device.blocking().flush()),
          media.destination().bytes().name(),
          Operation.FLUSH,
          0,
          0);
      // Later ones fail too, and lead back to the first.
      Throwable later = outcome(device.flush());
      assertPlace(later.getCause(), media.destination().bytes().name(), Operation.FLUSH, 0, 0);
      assertThat(catchThrowable(device::close)).isInstanceOf(IOException.class);
    }
  }

  @Test
  @Tag("B20")
  void aCopyInTheBackgroundThatFailsSaysWhere() throws Exception {
    CloneFixture media = CloneFixture.builder().randomSource(REGION, 1).regionSize(REGION).build();
    EventLog log = new EventLog();
    try (CloneDevice device =
        media
            .deviceBuilder()
            .hydration(Hydration.background().threshold(1).batchSize(1).failuresInRowMax(1))
            .listener(log)
            .suspended()
            .open()) {
      media.destination().faults().failAlways(Operation.WRITE);
      device.resume();
      log.await("stopped");
      assertPlace(
          log.lastCause() instanceof BlockIoException e && e.operation() == Operation.COPY
              ? e.getCause()
              : log.lastCause(),
          media.destination().bytes().name(),
          Operation.WRITE,
          0,
          REGION);
    }
  }

  @Test
  @Tag("B20")
  void aSourceFileThatWasTruncatedIsNamedWithItsNewEnd(@TempDir Path directory) throws Exception {
    FileMedia files = new FileMedia(directory, 16 * REGION, REGION);
    try (CloneDevice device = files.builder().open()) {
      try (RandomAccessFile file = new RandomAccessFile(files.source.toFile(), "rw")) {
        file.setLength(4 * REGION);
      }
      Throwable failure = outcome(device.read(8 * REGION, ByteBuffer.allocate(REGION)));
      assertThat(failure)
          .isInstanceOf(BlockIoException.class)
          .hasMessageContainingAll("read of 4096 bytes at byte 32768", files.source.toString())
          .hasMessageContaining("truncated");
      assertThat(outcome(device.write(8 * REGION, ByteBuffer.allocate(512))))
          .isInstanceOf(BlockIoException.class)
          .hasMessageContaining(files.source.toString());
    }
  }
}
