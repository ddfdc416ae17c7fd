package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.testing.CallJournal;
import io.clonedevice.testing.CloneFixture;
import io.clonedevice.testing.FixtureMedium;
import io.clonedevice.testing.StoreCall;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.UnaryOperator;

/**
 * A clone device in memory that a test runs on its own thread, step by step: calls of source and
 * destination are asynchronous and can be held at a gate, time stands still until the test moves
 * it, and nothing goes on behind the test's back.
 */
final class SteppedClone implements AutoCloseable {
  /** What the destination holds before the device writes to it. */
  static final byte OLD = CloneFixture.OLD_DESTINATION;

  private final CloneFixture clone;
  private CloneDevice device;

  SteppedClone(int size, int regionSize) {
    this(CloneFixture.builder(), size, regionSize);
  }

  /**
   * Makes the media.
   *
   * @param discards what the destination says of its discard
   */
  SteppedClone(int size, int regionSize, DiscardSupport discards) {
    this(CloneFixture.builder().destinationDiscards(discards), size, regionSize);
  }

  private SteppedClone(CloneFixture.Builder builder, int size, int regionSize) {
    this.clone = builder.randomSource(size, 1).regionSize(regionSize).stepped().build();
  }

  /** Opens a device with background hydration off. */
  CloneDevice open() {
    return open(builder -> builder);
  }

  CloneDevice open(Hydration hydration) {
    return open(builder -> builder.hydration(hydration));
  }

  /** Closes the device, if one is open, and opens another one on the same media. */
  CloneDevice open(UnaryOperator<CloneDeviceBuilder> options) {
    try {
      device = clone.reopen(options);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    journal().clear();
    return device;
  }

  /** Does all that can be done now; fails if the device does not come to rest. */
  void run() {
    clone.steps().settle();
  }

  void advanceMs(long ms) {
    clone.steps().advanceMs(ms);
  }

  void onClock(Runnable hook) {
    clone.steps().onClock(hook);
  }

  // ---- requests that are expected to complete now

  void await(CompletableFuture<?> future) {
    clone.steps().await(future);
  }

  Throwable failureOf(CompletableFuture<?> future) {
    run();
    assertThat(future.isDone()).as("has ended").isTrue();
    try {
      future.join();
    } catch (CompletionException e) {
      return e.getCause();
    }
    throw new AssertionError("should have failed, but succeeded");
  }

  void write(long offset, byte[] data) {
    await(device.write(offset, ByteBuffer.wrap(data)));
  }

  byte[] read(long offset, int length) {
    ByteBuffer target = ByteBuffer.allocate(length);
    await(device.read(offset, target));
    return target.array();
  }

  byte[] readAll() {
    return read(0, content().length);
  }

  // ---- what can be seen

  long hydrated() {
    return device.statusNoFlush().hydratedRegions();
  }

  /** What the source holds. */
  byte[] content() {
    return clone.content();
  }

  byte[] content(int offset, int length) {
    return Arrays.copyOfRange(content(), offset, offset + length);
  }

  /** What the destination holds. */
  byte[] destinationBytes(int offset, int length) {
    return Arrays.copyOfRange(destination().contents(), offset, offset + length);
  }

  Set<Long> committedRegions() {
    return CommittedRegions.on(metadata().bytes());
  }

  CallJournal journal() {
    return clone.journal();
  }

  /** The journal's calls of a store; all operations if none is given. */
  List<StoreCall> calls(String store, Operation... operations) {
    List<Operation> chosen = List.of(operations.length == 0 ? Operation.values() : operations);
    return journal().calls().stream()
        .filter(call -> call.store().equals(store) && chosen.contains(call.operation()))
        .toList();
  }

  /** How often the metadata's superblock was written. */
  long commits() {
    return calls("metadata", Operation.WRITE).stream().filter(call -> call.offset() == 0).count();
  }

  FixtureMedium source() {
    return clone.source();
  }

  FixtureMedium destination() {
    return clone.destination();
  }

  FixtureMedium metadata() {
    return clone.metadata();
  }

  void closeDevice() {
    try {
      clone.closeDevice();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      clone.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }
}
