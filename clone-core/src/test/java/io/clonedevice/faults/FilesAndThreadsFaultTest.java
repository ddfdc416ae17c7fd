package io.clonedevice.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.Leaks;
import io.clonedevice.faults.FaultPoint.Role;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.testing.FaultyBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every call of an operation of one store fails in turn, on files and with the threads of a device
 * of its own, while two users write and flush and the hydrator copies.
 */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class FilesAndThreadsFaultTest {
  private static final int REGION = 4096;
  private static final int REGIONS = 16;
  private static final int SIZE = REGIONS * REGION;
  private static final int CALLS_MAX = 200;

  @TempDir Path directory;
  private List<FaultyBlockStore> stores;

  @ParameterizedTest
  @CsvSource({
    "SOURCE, COPY",
    "DESTINATION, WRITE",
    "DESTINATION, FLUSH",
    "METADATA, READ",
    "METADATA, WRITE",
    "METADATA, FLUSH"
  })
  void everyCallFailsInTurn(Role role, Operation operation) throws Exception {
    Leaks leaks = new Leaks(directory);
    ExecutorService users = Executors.newFixedThreadPool(2);
    boolean metFault = true;
    int n = 0;
    for (; metFault; n++) {
      assertThat(n).isLessThan(CALLS_MAX);
      metFault = meetsFault(role, operation, n, users);
      leaks.assertNone();
    }
    users.shutdown();
    System.out.println("fault points of " + role + " " + operation + " on files: " + (n - 1));
    assertThat(n).isGreaterThan(1);
  }

  private boolean meetsFault(Role role, Operation operation, int n, ExecutorService users)
      throws Exception {
    byte[] content = new byte[SIZE];
    new Random(n).nextBytes(content);
    Files.write(directory.resolve("source"), content);
    Files.write(directory.resolve("destination"), new byte[SIZE]);
    Files.write(directory.resolve("metadata"), new byte[(int) MetadataSize.forRegions(REGIONS)]);
    LegalBytes bytes = new LegalBytes(content);
    openStores();
    FaultyBlockStore faulty = stores.get(role.ordinal());
    faulty.failCall(n, operation);
    CloneDevice device;
    try {
      device = open();
    } catch (IOException e) {
      assertThat(faulty.faultCount()).isPositive();
      bytes.readAfterLoss(readAgain());
      return true;
    }
    try {
      Future<?> one = users.submit(() -> use(device, bytes, 0));
      Future<?> other = users.submit(() -> use(device, bytes, REGIONS / 2));
      one.get(20, TimeUnit.SECONDS);
      other.get(20, TimeUnit.SECONDS);
      faulty.heal();
    } finally {
      boolean flushLost =
          role == Role.DESTINATION && operation == Operation.FLUSH && faulty.faultCount() > 0;
      finish(device, bytes, flushLost);
    }
    bytes.readAfterLoss(readAgain());
    return faulty.faultCount() > 0;
  }

  /** Ends well and with everything durable, unless a flush was lost: then it must not. */
  private static void finish(CloneDevice device, LegalBytes bytes, boolean flushLost)
      throws Exception {
    if (flushLost) {
      assertThat(outcome(() -> device.flush().join())).isNotNull();
      assertThat(outcome(() -> device.close())).isNotNull();
      return;
    }
    if (device.statusNoFlush().mode() == MetadataMode.READ_ONLY) {
      device.reopenReadWrite();
    }
    device.enableHydration();
    // Not hydrated(): the attempt that the read-only mode ended may be told of late.
    while (!device.status().hydrationCompleted()) {
      Thread.onSpinWait();
    }
    byte[] found = new byte[SIZE];
    device.blocking().read(0, ByteBuffer.wrap(found));
    bytes.read(0, found);
    device.close();
    bytes.flushed();
  }

  /** One user's requests, in regions that the other one leaves alone. */
  private static void use(CloneDevice device, LegalBytes bytes, int firstRegion) {
    for (int step = 0; step < 6; step++) {
      long offset = (firstRegion + step) * (long) REGION + step % 2 * 512;
      byte[] data = new byte[step % 2 == 0 ? 2 * REGION : 1024];
      Arrays.fill(data, (byte) (1 + step));
      bytes.maybeWritten(offset, data);
      boolean blocking = step % 3 == 0;
      Throwable failure =
          outcome(
              () -> {
                if (blocking) {
                  device.blocking().write(offset, ByteBuffer.wrap(data));
                } else {
                  device.write(offset, ByteBuffer.wrap(data)).join();
                }
              });
      if (failure == null) {
        bytes.written(offset, data);
      }
      if (step % 2 == 1 && outcome(() -> device.flush().join()) == null) {
        bytes.flushed(firstRegion * (long) REGION, REGIONS / 2 * REGION);
      }
    }
  }

  private interface Action {
    void run() throws Exception;
  }

  private static Throwable outcome(Action action) {
    try {
      action.run();
      return null;
    } catch (CompletionException e) {
      return e.getCause();
    } catch (Exception e) {
      return e;
    }
  }

  private void openStores() throws IOException {
    stores =
        List.of(
            new FaultyBlockStore(FileChannelBlockStore.openReadOnly(directory.resolve("source"))),
            new FaultyBlockStore(FileChannelBlockStore.open(directory.resolve("destination"))),
            new FaultyBlockStore(FileChannelBlockStore.open(directory.resolve("metadata"))));
  }

  private CloneDevice open() throws IOException {
    return CloneDevice.builder()
        .source(stores.get(0))
        .destination(stores.get(1))
        .metadata(stores.get(2))
        .regionSize(REGION)
        .hydration(Hydration.background().threshold(2).batchSize(2).retryDelay(1, 2))
        .open();
  }

  private byte[] readAgain() throws IOException {
    openStores();
    byte[] found = new byte[SIZE];
    try (CloneDevice device = open()) {
      BlockStore again = device.blocking();
      again.read(0, ByteBuffer.wrap(found));
    }
    return found;
  }
}
