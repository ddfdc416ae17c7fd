package io.clonedevice.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.dm.DmCloneTarget;
import io.clonedevice.dm.TableLine;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.testing.GatedBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The library at work on a clone's images; what it is asked to do, the model is told too. */
final class LibraryTurn implements AutoCloseable {
  private static final int CHUNK = 1 << 20;

  private final CarriedClone clone;
  private final byte[] pool;
  private final Random random;
  private final DmCloneTarget target;
  private GatedBlockStore source; // set while the target is made

  LibraryTurn(CarriedClone clone, Path sourceImage, byte[] pool, Random random) throws IOException {
    this.clone = clone;
    this.pool = pool;
    this.random = random;
    TableLine table = TableLine.parse(clone.shape().table("metadata", "destination", "source"));
    this.target =
        DmCloneTarget.create(
            table,
            (name, readOnly) ->
                switch (name) {
                  case "metadata" -> FileChannelBlockStore.open(clone.metadata());
                  case "destination" -> FileChannelBlockStore.open(clone.destination());
                  default ->
                      source = new GatedBlockStore(FileChannelBlockStore.openReadOnly(sourceImage));
                },
            CloneDevice.builder());
    target.resume();
  }

  String statusLine() {
    return target.status().toString();
  }

  void request(Step step) throws IOException {
    if (random.nextBoolean()) {
      submit(step).join();
    } else {
      switch (step.kind()) {
        case WRITE -> target.device().blocking().write(step.offset(), data(step));
        case WRITE_DURABLY -> target.device().blocking().writeDurably(step.offset(), data(step));
        case DISCARD -> target.device().blocking().discard(step.offset(), step.length());
        case FLUSH -> target.device().blocking().flush();
      }
    }
    clone.appliedByLibrary(step, pool);
  }

  private CompletableFuture<Void> submit(Step step) {
    CloneDevice device = target.device();
    return switch (step.kind()) {
      case WRITE -> device.write(step.offset(), data(step));
      case WRITE_DURABLY -> device.writeDurably(step.offset(), data(step));
      case DISCARD -> device.discard(step.offset(), step.length());
      case FLUSH -> device.flush();
    };
  }

  private ByteBuffer data(Step step) {
    return ByteBuffer.wrap(pool, step.dataOffset(), step.length());
  }

  /** Copies some regions, and is stopped midway: with copies in flight and writes among them. */
  void hydrateInPart() throws Exception {
    int unhydrated = clone.shape().regions() - clone.hydrated().cardinality();
    if (unhydrated == 0) {
      return;
    }
    source.hold(Operation.COPY, Operation.READ);
    target.message("enable_hydration");
    int copies = 1 + random.nextInt(Math.min(24, (unhydrated + 3) / 4));
    for (int copy = 1; copy < copies; copy++) {
      source.awaitWaiting(1);
      source.releaseOne();
    }
    source.awaitWaiting(1);
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    long third = clone.shape().deviceSize() / 3 / 512 * 512;
    for (int i = 0; i < 3 && third > 0; i++) {
      // One in each third of the device, as writes in flight together must not overlap.
      Step step = Step.randomWrite(random, third, (int) Math.min(third, 4096));
      Step moved =
          new Step(step.kind(), i * third + step.offset(), step.length(), step.dataOffset());
      writes.add(submit(moved));
      clone.appliedByLibrary(moved, pool);
    }
    target.message("disable_hydration");
    source.open();
    writes.forEach(CompletableFuture::join);
    // A suspended device has nothing in flight.
    target.suspend();
    target.resume();
  }

  void hydrateToTheEnd() throws Exception {
    target.message("enable_hydration");
    target.device().hydrated().get(10, TimeUnit.MINUTES);
    target.message("disable_hydration");
  }

  void expectContents() throws IOException {
    byte[] read = new byte[CHUNK];
    byte[] wanted = new byte[CHUNK];
    for (long at = 0; at < clone.shape().deviceSize(); at += CHUNK) {
      int count = (int) Math.min(CHUNK, clone.shape().deviceSize() - at);
      target.device().blocking().read(at, ByteBuffer.wrap(read, 0, count));
      clone.contents().read(at, wanted, count);
      int difference = Arrays.mismatch(read, 0, count, wanted, 0, count);
      assertThat(difference < 0 ? -1 : at + difference)
          .as("byte at which %s does not read what it should through the library", clone)
          .isEqualTo(-1);
    }
  }

  @Override
  public void close() throws IOException {
    target.close();
  }
}
