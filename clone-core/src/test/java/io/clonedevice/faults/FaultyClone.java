package io.clonedevice.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneDeviceBuilder;
import io.clonedevice.CloneListener;
import io.clonedevice.EventLog;
import io.clonedevice.faults.FaultPoint.Role;
import io.clonedevice.faults.FaultPoint.Setting;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStore.Execution;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.SteppedRuntime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * A device in memory that runs step by step on the test's thread, over stores that can fail; its
 * requests in either face, checked against what the bytes may be.
 */
final class FaultyClone implements AutoCloseable {
  static final int REGION = 4096;
  static final int REGIONS = 24;
  static final int SIZE = REGIONS * REGION - 3 * 512;

  private static final int ROUNDS_MAX = 200;

  private final Setting setting;
  private final SteppedRuntime runtime = new SteppedRuntime();
  private final MemoryBlockStore sourceBytes;
  private final MemoryBlockStore destinationBytes;
  private final MemoryBlockStore metadataBytes =
      new MemoryBlockStore(MetadataSize.forRegions(REGIONS));
  private final LegalBytes bytes;
  private EventLog events;
  private List<FragileStore> stores;
  private CloneDevice device;

  FaultyClone(Setting setting) {
    this.setting = setting;
    byte[] content = new byte[SIZE];
    new Random(SIZE).nextBytes(content);
    byte[] old = new byte[SIZE];
    Arrays.fill(old, (byte) 0xDD);
    sourceBytes = MemoryBlockStore.copyOf(content);
    destinationBytes = MemoryBlockStore.copyOf(old);
    bytes = new LegalBytes(content);
    renewStores();
  }

  /** Stores without faults for the next device. */
  void renewStores() {
    stores =
        List.of(
            over(sourceBytes, setting.source),
            over(destinationBytes, setting.destination),
            over(metadataBytes, setting.destination));
  }

  private FragileStore over(BlockStore medium, Execution execution) {
    // The thread that steps is the one that waits in the blocking face.
    Executor network = setting.blocking ? Runnable::run : runtime::later;
    return FragileStore.over(medium, execution, network);
  }

  Fragile part(Role role) {
    return switch (role) {
      case EXECUTOR -> new FragileHook(runtime::onSubmit);
      case CLOCK -> new FragileHook(runtime::onClock);
      default -> stores.get(role.ordinal());
    };
  }

  List<FragileStore> stores() {
    return stores;
  }

  SteppedRuntime runtime() {
    return runtime;
  }

  CloneDevice device() {
    return device;
  }

  /** How many events told of trouble. */
  long troubleTold() {
    return events.events().stream()
        .filter(event -> !event.equals("completed") && !event.equals("recovered"))
        .count();
  }

  /** A device with background hydration off. */
  CloneDeviceBuilder builder() {
    events = new EventLog();
    return CloneDevice.builder()
        .source(stores.get(0))
        .destination(stores.get(1))
        .metadata(stores.get(2))
        .regionSize(REGION)
        .runtime(runtime.runtime())
        .listener(new Unruly())
        .listener(events)
        .hydration(
            Hydration.disabled()
                .threshold(4)
                .batchSize(2)
                .retryDelay(10, 50)
                .failuresInRowMax(5)
                .timeShareMin(100));
  }

  void open() throws IOException {
    device = builder().open();
  }

  // ---- requests; each ends before the next one begins

  /** Returns why it failed, {@code null} if it succeeded. */
  Throwable write(long offset, int length, int value) {
    byte[] data = filled(length, value);
    bytes.maybeWritten(offset, data);
    return ended(
        outcome(
            () -> device.write(offset, ByteBuffer.wrap(data)),
            () -> device.blocking().write(offset, ByteBuffer.wrap(data))),
        () -> bytes.written(offset, data));
  }

  Throwable writeDurably(long offset, int length, int value) {
    byte[] data = filled(length, value);
    bytes.maybeWritten(offset, data);
    return ended(
        outcome(
            () -> device.writeDurably(offset, ByteBuffer.wrap(data)),
            () -> device.blocking().writeDurably(offset, ByteBuffer.wrap(data))),
        () -> {
          bytes.written(offset, data);
          bytes.flushed(offset, length);
        });
  }

  /** A discard is a hint: whether it fails or not, its sectors may be zero or as they were. */
  Throwable discard(long offset, int length) {
    bytes.maybeWritten(offset, new byte[length]);
    return outcome(
        () -> device.discard(offset, length), () -> device.blocking().discard(offset, length));
  }

  Throwable readAll() {
    ByteBuffer target = ByteBuffer.allocate(SIZE);
    return ended(
        outcome(() -> device.read(0, target), () -> device.blocking().read(0, target)),
        () -> {
          assertThat(target.hasRemaining()).as("buffer that was read into").isFalse();
          bytes.read(0, target.array());
        });
  }

  Throwable flush() {
    return ended(outcome(() -> device.flush(), () -> device.blocking().flush()), bytes::flushed);
  }

  Throwable suspendAndResume() {
    return ended(
        outcome(
            () -> {
              try {
                device.suspend();
              } finally {
                device.resume();
              }
            }),
        bytes::flushed);
  }

  /** Hydrates until it is done or stopped, in retries. */
  void hydrate() {
    device.enableHydration();
    for (int round = 0; round < ROUNDS_MAX && device.statusNoFlush().hydrationEnabled(); round++) {
      runtime.advanceMs(100);
      if (device.statusNoFlush().hydrationCompleted()) {
        return;
      }
      if (device.statusNoFlush().mode() != MetadataMode.READ_WRITE) {
        return;
      }
      letGo();
    }
  }

  Throwable reopenReadWrite() {
    return outcome(() -> device.reopenReadWrite());
  }

  Throwable closeDevice() {
    letGo();
    Throwable failure = outcome(() -> device.close());
    runtime.settle();
    return failure;
  }

  /** Opens the media in new stores and reads what is there. */
  byte[] reopenAndRead() throws IOException {
    renewStores();
    open();
    ByteBuffer target = ByteBuffer.allocate(SIZE);
    Throwable failure =
        outcome(() -> device.read(0, target), () -> device.blocking().read(0, target));
    assertThat(failure).as("read after opening again").isNull();
    assertThat(closeDevice()).as("close after opening again").isNull();
    return target.array();
  }

  LegalBytes bytes() {
    return bytes;
  }

  /** What holds whenever nothing is asked of the device. */
  void assertAtRest() {
    runtime.settle();
    assertThat(device.statusNoFlush().hydratingRegions()).as("copies left over").isZero();
  }

  @Override
  public void close() {
    runtime.onSubmit(() -> {});
    runtime.onClock(() -> {});
    runtime.close();
  }

  // ----

  /** A call that may fail. */
  interface Action {
    void run() throws Exception;
  }

  /** The asynchronous form of a request. */
  interface Submission {
    CompletableFuture<Void> submit() throws Exception;
  }

  private Throwable outcome(Submission asynchronous, Action blocking) {
    return outcome(setting.blocking ? blocking : () -> await(asynchronous.submit()));
  }

  private static Throwable outcome(Action action) {
    try {
      action.run();
      return null;
    } catch (AssertionError e) {
      throw e;
    } catch (CompletionException e) {
      return e.getCause();
    } catch (Exception | Error e) {
      return e;
    }
  }

  /** A user who throws at every occasion, beside the one who watches. */
  private static final class Unruly implements CloneListener {
    @Override
    public void modeChanged(MetadataMode mode, Throwable cause) {
      throw new IllegalStateException("thrown by the test's listener");
    }

    @Override
    public void hydrationCompleted() {
      throw new StackOverflowError("thrown by the test's listener");
    }

    @Override
    public void hydrationFailing(Throwable cause) {
      throw new OutOfMemoryError("thrown by the test's listener");
    }
  }

  private void await(CompletableFuture<Void> request) {
    request.whenComplete(
        (nothing, failure) -> {
          throw new OutOfMemoryError("thrown by the test's dependent stage");
        });
    runtime.settle();
    letGo();
    assertThat(request.isDone()).as("the request has ended, nothing is left to do").isTrue();
    request.join();
  }

  /** Hangs end. */
  private void letGo() {
    for (FragileStore store : stores) {
      if (!store.gate().waiting().isEmpty()) {
        store.gate().open();
      }
    }
    runtime.settle();
  }

  private static Throwable ended(Throwable failure, Runnable ifWell) {
    if (failure == null) {
      ifWell.run();
    }
    return failure;
  }

  private static byte[] filled(int length, int value) {
    byte[] data = new byte[length];
    Arrays.fill(data, (byte) value);
    return data;
  }
}
