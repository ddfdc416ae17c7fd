package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CallJournal;
import io.clonedevice.testing.FaultyBlockStore;
import io.clonedevice.testing.GatedBlockStore;
import io.clonedevice.testing.RecordingBlockStore;
import io.clonedevice.testing.StoreCall;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
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
  static final byte OLD = (byte) 0xDD;

  private static final int ROUNDS_MAX = 5_000;

  private final int regionSize;
  private final byte[] content;
  private final CallJournal journal = new CallJournal();
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private final CloneRuntime runtime;
  private final Side source;
  private final Side destination;
  private final Side metadata;
  private long nowNs = 1_000_000_000_000L;
  private CloneDevice device;

  SteppedClone(int size, int regionSize) {
    this(size, regionSize, null);
  }

  /**
   * Makes the media.
   *
   * @param discards what the destination says of its discard; {@code null} for what memory can do
   */
  SteppedClone(int size, int regionSize, DiscardSupport discards) {
    this.regionSize = regionSize;
    this.content = new byte[size];
    new Random(size * 31L + regionSize).nextBytes(content);
    byte[] old = new byte[size];
    Arrays.fill(old, OLD);
    long regions = new RegionGeometry(size, regionSize).regionCount();
    this.source = new Side("source", MemoryBlockStore.copyOf(content), null);
    this.destination = new Side("destination", MemoryBlockStore.copyOf(old), discards);
    this.metadata =
        new Side("metadata", new MemoryBlockStore(MetadataSize.forRegions(regions)), null);
    this.runtime =
        CloneRuntime.builder()
            .steppedByCaller()
            .ioExecutor(tasks::add)
            .clock(() -> nowNs)
            .random(new Random(7))
            .build();
  }

  /** Opens a device with background hydration off. */
  CloneDevice open() {
    return open(builder -> builder);
  }

  CloneDevice open(Hydration hydration) {
    return open(builder -> builder.hydration(hydration));
  }

  CloneDevice open(UnaryOperator<CloneDeviceBuilder> options) {
    try {
      device =
          options
              .apply(
                  CloneDevice.builder()
                      .source(source.open())
                      .destination(destination.open())
                      .metadata(metadata.open())
                      .regionSize(regionSize)
                      .runtime(runtime)
                      .hydration(Hydration.disabled()))
              .open();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    journal.clear();
    return device;
  }

  /** Does all that can be done now; fails if the device does not come to rest. */
  void run() {
    for (int round = 0; round < ROUNDS_MAX; round++) {
      boolean ran = runtime.step() > 0;
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        task.run();
        ran = true;
      }
      if (!ran) {
        return;
      }
    }
    throw new AssertionError("the device spins: it has work again and again while time stands");
  }

  void advanceMs(long ms) {
    nowNs += ms * 1_000_000;
    run();
  }

  long nowMs() {
    return nowNs / 1_000_000;
  }

  // ---- requests that are expected to complete now

  void await(CompletableFuture<?> future) {
    run();
    assertThat(future.isDone()).as("is done without further ado").isTrue();
    future.join();
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
    return read(0, content.length);
  }

  // ---- what can be seen

  long hydrated() {
    return device.statusNoFlush().hydratedRegions();
  }

  /** What the source holds. */
  byte[] content() {
    return content.clone();
  }

  byte[] content(int offset, int length) {
    return Arrays.copyOfRange(content, offset, offset + length);
  }

  /** What the destination holds. */
  byte[] destinationBytes(int offset, int length) {
    return Arrays.copyOfRange(destination.bytes.contents(), offset, offset + length);
  }

  Set<Long> committedRegions() {
    return CommittedRegions.on(metadata.bytes);
  }

  CallJournal journal() {
    return journal;
  }

  /** The journal's calls of a store; all operations if none is given. */
  List<StoreCall> calls(String store, Operation... operations) {
    List<Operation> chosen = List.of(operations.length == 0 ? Operation.values() : operations);
    return journal.calls().stream()
        .filter(call -> call.store().equals(store) && chosen.contains(call.operation()))
        .toList();
  }

  /** How often the metadata's superblock was written. */
  long commits() {
    return calls("metadata", Operation.WRITE).stream().filter(call -> call.offset() == 0).count();
  }

  Side source() {
    return source;
  }

  Side destination() {
    return destination;
  }

  Side metadata() {
    return metadata;
  }

  /** Closes the device and opens another one on the same media. */
  CloneDevice reopen(UnaryOperator<CloneDeviceBuilder> options) {
    closeDevice();
    return open(options);
  }

  void closeDevice() {
    device.disableHydration();
    for (Side side : List.of(source, destination, metadata)) {
      side.gate.open();
      side.faults.heal();
    }
    run();
    try {
      device.close();
    } catch (IOException e) {
      // Whether closing succeeds is a question for the tests of close.
      assertThat(device.statusNoFlush().mode()).isNotNull();
    }
    run();
    assertThat(device.statusNoFlush().hydratingRegions()).as("copies left over").isZero();
  }

  @Override
  public void close() {
    if (device != null) {
      closeDevice();
    }
    runtime.close();
  }

  static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  /** One of the three media. */
  final class Side {
    private final String name;
    private final MemoryBlockStore bytes;
    private final DiscardSupport discards;
    private FaultyBlockStore faults;
    private GatedBlockStore gate;

    private Side(String name, MemoryBlockStore bytes, DiscardSupport discards) {
      this.name = name;
      this.bytes = bytes;
      this.discards = discards;
    }

    private BlockStore open() {
      faults = new FaultyBlockStore(new Kept(bytes, discards));
      gate = new GatedBlockStore(faults, BlockStore.Execution.ASYNCHRONOUS);
      return new RecordingBlockStore(name, gate, journal);
    }

    MemoryBlockStore bytes() {
      return bytes;
    }

    FaultyBlockStore faults() {
      return faults;
    }

    GatedBlockStore gate() {
      return gate;
    }
  }

  /** Bytes that outlive the device, with a discard as chosen. */
  private static final class Kept extends FilterBlockStore {
    private final DiscardSupport discards;

    Kept(BlockStore bytes, DiscardSupport discards) {
      super(bytes);
      this.discards = discards == null ? bytes.discardSupport() : discards;
    }

    @Override
    public DiscardSupport discardSupport() {
      return discards;
    }

    @Override
    public void discard(long offset, long length) throws IOException {
      if (!discards.supported() || length > discards.maxLength()) {
        throw new IllegalArgumentException("discard of " + length + " bytes, can do " + discards);
      }
      if (discards.readsZeroes()) {
        super.discard(offset, length);
      }
    }

    @Override
    public void close() {}
  }
}
