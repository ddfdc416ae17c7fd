package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.SteppedRuntime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An asynchronous read of what the destination has in memory is served on the caller's thread. */
class ImmediateReadTest {
  private static final int REGION = 65_536;
  private static final int REGIONS = 4;

  /** Reads that may follow each other at once on a thread. */
  private static final int IN_A_ROW_MAX = 128;

  private final SteppedRuntime runtime = new SteppedRuntime();
  private final Destination destination = new Destination();
  private CloneDevice device;

  @BeforeEach
  void open() throws Exception {
    device =
        CloneDevice.builder()
            .source(new MemoryBlockStore(REGIONS * REGION))
            .destination(destination)
            .metadata(new MemoryBlockStore(MetadataSize.forRegions(REGIONS)))
            .regionSize(REGION)
            .hydration(Hydration.disabled())
            .runtime(runtime.runtime())
            .open();
    runtime.await(device.write(0, ByteBuffer.allocate(2 * REGION).put(5, (byte) 7)));
    beginRow();
  }

  /** How many reads have followed each other is counted by thread, over all devices and tests. */
  private void beginRow() {
    boolean isHandedOver = false;
    for (int i = 0; i <= IN_A_ROW_MAX && !isHandedOver; i++) {
      CompletableFuture<Void> read = device.read(0, ByteBuffer.allocate(512));
      isHandedOver = !read.isDone();
      runtime.await(read);
    }
    assertThat(isHandedOver).isTrue();
    destination.tries = 0;
  }

  @AfterEach
  void close() throws Exception {
    device.close();
    runtime.close();
  }

  @Test
  @Tag("A2")
  void whatIsInMemoryIsReadBeforeTheCallReturns() {
    ByteBuffer target = ByteBuffer.allocate(4096).position(512);

    CompletableFuture<Void> read = device.read(0, target);

    assertThat(read).isCompleted();
    assertThat(target.position()).isEqualTo(4096);
    assertThat(target.get(512 + 5)).isEqualTo((byte) 7);
  }

  @Test
  @Tag("A2")
  void whatIsNotInMemoryIsReadByAThreadThatMayWait() {
    destination.inMemory = false;
    ByteBuffer target = ByteBuffer.allocate(4096);

    CompletableFuture<Void> read = device.read(0, target);

    assertThat(read).isNotDone();
    runtime.await(read);
    assertThat(target.get(5)).isEqualTo((byte) 7);
    assertThat(destination.tries).isEqualTo(1);
  }

  @Test
  @Tag("A2")
  void onlyHydratedRegionsAndNoLongReadsAreTried() {
    for (long[] range : new long[][] {{2 * REGION, 4096}, {REGION, 2 * REGION}, {0, 2 * REGION}}) {
      CompletableFuture<Void> read = device.read(range[0], ByteBuffer.allocate((int) range[1]));
      assertThat(read).isNotDone();
      runtime.await(read);
    }
    assertThat(destination.tries).isZero();
    assertThat(device.read(REGION, ByteBuffer.allocate(REGION))).isCompleted();
  }

  @Test
  @Tag("A2")
  void aStoreThatThrowsFailsTheReadWhichLeavesAgain() throws Exception {
    destination.trouble = new IllegalStateException("says the test");

    CompletableFuture<Void> read = device.read(0, ByteBuffer.allocate(4096));

    assertThat(read).isCompletedExceptionally();
    assertThatThrownBy(read::join).hasCause(destination.trouble);
    device.suspend(); // waits for whoever is inside, and nobody is left who would let it out
    device.resume();
  }

  @Test
  @Tag("A2")
  void aSuspendedDeviceReadsNothing() throws Exception {
    device.suspend();
    CompletableFuture<Void> read = device.read(0, ByteBuffer.allocate(4096));
    assertThat(read).isNotDone();
    assertThat(destination.tries).isZero();

    device.resume();

    runtime.await(read);
  }

  @Test
  @Tag("A2")
  void aReadThatIsBegunWhenTheOneBeforeIsCompleteDoesNotDeepenTheStackForEver() {
    CompletableFuture<Void> end = new CompletableFuture<>();
    readOneAfterTheOther(100_000, ByteBuffer.allocate(512), end);
    runtime.await(end);
    assertThat(destination.tries).isBetween(99_000, 100_000);
  }

  private void readOneAfterTheOther(int count, ByteBuffer target, CompletableFuture<Void> end) {
    device
        .read(0, target.clear())
        .whenComplete(
            (nothing, failure) -> {
              if (failure != null || count == 1) {
                end.complete(nothing);
              } else {
                readOneAfterTheOther(count - 1, target, end);
              }
            });
  }

  @Test
  @Tag("A2")
  void afterManyInARowOneIsHandedOver() {
    int atOnce = 0;
    for (int i = 0; i <= IN_A_ROW_MAX; i++) {
      CompletableFuture<Void> read = device.read(0, ByteBuffer.allocate(512));
      atOnce += read.isDone() ? 1 : 0;
      runtime.await(read);
    }
    assertThat(atOnce).isEqualTo(IN_A_ROW_MAX);
  }

  /** In memory, of which only a part counts as such. */
  private static final class Destination extends FilterBlockStore {
    private boolean inMemory = true;
    private RuntimeException trouble;
    private int tries;

    Destination() {
      super(new MemoryBlockStore(REGIONS * REGION));
    }

    @Override
    public Execution execution() {
      return Execution.IO_EXECUTOR;
    }

    @Override
    public boolean tryRead(long offset, ByteBuffer target) {
      tries++;
      if (trouble != null) {
        throw trouble;
      }
      if (!inMemory) {
        return false;
      }
      try {
        delegate().read(offset, target);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return true;
    }
  }
}
