package io.clonedevice.crash;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CrashingBlockStore;
import io.clonedevice.testing.CrashingMedia;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/**
 * A clone device on media that may lose power before each of their changes: what it is asked to do,
 * what is legal meanwhile, and who is told of each instant at which the power may go.
 *
 * <p>All on one thread. In the midst of a store call other things go on, as they would on other
 * threads: other requests come, and steps are taken.
 */
final class Life implements AutoCloseable {
  private static final int REQUESTS_MAX = 6;
  private static final int NESTING_MAX = 2;

  private final Shape shape;
  private final MemoryBlockStore source;
  private final Random random;
  private final LegalSectors legal;
  private final Wrapping wrapping;
  private final Steps steps;
  private final CrashingMedia media;
  private final List<CompletableFuture<Void>> requests = new ArrayList<>();
  private final List<String> log = new ArrayList<>();
  private CrashingBlockStore destination;
  private CrashingBlockStore metadata;
  private CloneDevice device;
  private Runnable atCut = () -> {};
  private Runnable meanwhile = () -> {};
  private int nesting;
  private boolean busy;
  private Throwable failure;

  /** What lies between the device and its media; a canary lies there. */
  record Wrapping(UnaryOperator<BlockStore> destination, UnaryOperator<BlockStore> metadata) {
    static final Wrapping NONE = new Wrapping(UnaryOperator.identity(), UnaryOperator.identity());
  }

  Life(
      Shape shape,
      MemoryBlockStore source,
      CrashingBlockStore destination,
      CrashingBlockStore metadata,
      LegalSectors legal,
      Random random,
      Wrapping wrapping) {
    this.shape = shape;
    this.source = source;
    this.destination = destination;
    this.metadata = metadata;
    this.legal = legal;
    this.random = random;
    this.wrapping = wrapping;
    this.steps = new Steps(random);
    this.media = new CrashingMedia(destination, metadata);
    media.beforeEachChange(this::change);
  }

  Shape shape() {
    return shape;
  }

  /** Another store over the source's bytes. */
  MemoryBlockStore source() {
    return source.asReadOnly();
  }

  LegalSectors legal() {
    return legal;
  }

  CrashingMedia media() {
    return media;
  }

  Random random() {
    return random;
  }

  /** What was done, oldest first. */
  List<String> log() {
    return log;
  }

  /** Sets what is done at each instant at which the power may go. */
  void atEachCut(Runnable action) {
    atCut = action;
  }

  /**
   * Does something in the midst of one of the calls to come that change the media, before its
   * effect; or, in the midst of a flush of the destination, after it.
   *
   * @param index 0 for the next such instant
   */
  void inTheMidstOfChange(int index, Runnable action) {
    int[] left = {index};
    meanwhile =
        () -> {
          if (left[0]-- == 0) {
            action.run();
          }
        };
  }

  private void change() {
    try {
      if (failure == null) {
        atCut.run();
      }
    } catch (RuntimeException | Error e) {
      failure = e; // The engine would take it for trouble of the store.
    }
    whileUnderWay();
  }

  private void whileUnderWay() {
    if (failure == null && !busy && nesting < NESTING_MAX) {
      nesting++;
      try {
        meanwhile.run();
      } catch (RuntimeException | Error e) {
        failure = e;
      }
      nesting--;
    }
  }

  private void surface() {
    if (failure != null) {
      throw new AssertionError(failure.getMessage(), failure);
    }
  }

  // ---- what chance does

  /** Opens the device, does so many things, and closes it. */
  void live(int actions) throws IOException {
    meanwhile = this::interfere;
    open(randomHydration());
    for (int i = 0; i < actions; i++) {
      act();
      surface();
    }
    shut();
    atCut.run();
    surface();
  }

  private void interfere() {
    if (random.nextInt(5) == 0) {
      for (int i = random.nextInt(3); i >= 0; i--) {
        if (random.nextBoolean()) {
          request();
        } else {
          steps.takeOne();
        }
      }
    }
  }

  private void act() throws IOException {
    switch (random.nextInt(20)) {
      case 0 -> settle();
      case 1 -> advanceMs(random.nextInt(1_500));
      case 2 -> device.hydrationThreshold(random.nextInt(4));
      case 3 -> device.enableHydration();
      case 4 -> device.disableHydration();
      case 5 -> {
        if (random.nextInt(4) == 0) {
          suspend();
          resume();
        }
      }
      case 6 -> {
        if (random.nextInt(4) == 0) {
          shut();
          open(randomHydration());
        }
      }
      case 7, 8, 9, 10 -> takeSteps(1 + random.nextInt(6));
      default -> request();
    }
  }

  private Hydration randomHydration() {
    return random.nextInt(3) == 0
        ? Hydration.disabled()
        : Hydration.background().threshold(random.nextInt(4)).batchSize(random.nextInt(4));
  }

  private void request() {
    requests.removeIf(CompletableFuture::isDone);
    if (requests.size() >= REQUESTS_MAX) {
      steps.takeOne();
      return;
    }
    int unit = random.nextInt(3) == 0 ? shape.regionSize() : shape.blockSize();
    int units = (shape.size() + unit - 1) / unit;
    int first = random.nextInt(units);
    int count = 1 + random.nextInt(Math.min(units - first, 1 << random.nextInt(5)));
    int offset = first * unit;
    int length = Math.min(shape.size(), (first + count) * unit) - offset;
    switch (random.nextInt(9)) {
      case 0, 1, 2, 3 -> write(offset, length);
      case 4 -> writeDurably(offset, length);
      case 5, 6 -> discard(offset, length);
      default -> flush();
    }
  }

  // ---- what a script can do as well

  void open(Hydration hydration) throws IOException {
    log.add("open with " + (hydration.isEnabled() ? "background hydration" : "hydration off"));
    busy = true;
    device =
        CloneDevice.builder()
            .source(new HeldStore(source(), shape, steps, () -> {}))
            .destination(
                wrapping
                    .destination()
                    .apply(new HeldStore(destination, shape, steps, this::whileUnderWay)))
            .metadata(wrapping.metadata().apply(metadata))
            .regionSize(shape.regionSize())
            .deviceSize(shape.size())
            .discardPassdown(shape.passdown())
            .discardedReadsZeroes(shape.discardedReadsZeroes())
            .hydration(hydration)
            .runtime(steps.runtime())
            .open();
    busy = false;
    surface();
  }

  CloneDevice device() {
    return device;
  }

  void write(int offset, int length) {
    byte[] data = new byte[length];
    random.nextBytes(data);
    LegalSectors.Change change = submit(offset, length, data);
    log.add(format("write", offset, length));
    track(device.write(offset, ByteBuffer.wrap(data)), () -> legal.acknowledge(change));
  }

  void writeDurably(int offset, int length) {
    byte[] data = new byte[length];
    random.nextBytes(data);
    LegalSectors.Change change = submit(offset, length, data);
    log.add(format("write durably", offset, length));
    track(
        device.writeDurably(offset, ByteBuffer.wrap(data)),
        () -> {
          legal.acknowledge(change);
          legal.durable(change);
        });
  }

  void discard(int offset, int length) {
    int first = (offset + shape.regionSize() - 1) / shape.regionSize() * shape.regionSize();
    int end = offset + length;
    if (end < shape.size()) {
      end = end / shape.regionSize() * shape.regionSize();
    }
    log.add(format("discard", offset, length));
    if (first >= end) {
      track(device.discard(offset, length), () -> {});
      return;
    }
    byte[] zeroes = shape.readsZeroesAfterDiscard() ? new byte[end - first] : null;
    LegalSectors.Change change = submit(first, end - first, zeroes);
    track(device.discard(offset, length), () -> legal.acknowledge(change));
  }

  void flush() {
    long submitted = legal.now();
    log.add("flush");
    track(device.flush(), () -> legal.durableUntil(submitted));
  }

  void advanceMs(int ms) {
    log.add("after " + ms + " ms");
    steps.advanceMs(ms);
  }

  void takeSteps(int count) {
    for (int i = 0; i < count; i++) {
      steps.takeOne();
    }
    surface();
  }

  /** Lets everything that is under way end. */
  void settle() {
    steps.takeAll();
    log.add("at rest");
    surface();
  }

  void suspend() throws IOException {
    settle();
    long submitted = legal.now();
    log.add("suspend");
    busy = true;
    device.suspend();
    busy = false;
    legal.durableUntil(submitted);
    surface();
  }

  void resume() {
    device.resume();
  }

  /** Closes the device and gets the media ready for the next one. */
  void shut() throws IOException {
    device.disableHydration();
    settle();
    checkAlive();
    long submitted = legal.now();
    log.add("close");
    busy = true;
    device.close();
    busy = false;
    device = null;
    legal.durableUntil(submitted);
    destination = destination.reopen();
    metadata = metadata.reopen();
    surface();
  }

  private void checkAlive() {
    byte[] found = new byte[shape.size()];
    CompletableFuture<Void> read = device.read(0, ByteBuffer.wrap(found));
    steps.takeAll();
    read.join();
    int illegal = legal.firstIllegal(found);
    if (illegal >= 0) {
      throw new AssertionError(
          "sector " + illegal + " of the device at rest is none of its values");
    }
  }

  private LegalSectors.Change submit(int offset, int length, byte[] bytes) {
    return legal.submit(offset / LegalSectors.SECTOR, length / LegalSectors.SECTOR, bytes);
  }

  private void track(CompletableFuture<Void> request, Runnable acknowledged) {
    requests.add(request);
    request.whenComplete(
        (nothing, trouble) -> {
          if (trouble == null) {
            acknowledged.run();
          } else if (failure == null) {
            failure = new AssertionError("a request failed: " + trouble, trouble);
          }
        });
  }

  private static String format(String request, int offset, int length) {
    return request + " " + length + " bytes at byte " + offset;
  }

  /** Ends without closing the device, as the power does. */
  @Override
  public void close() {
    media.beforeEachChange(() -> {});
  }
}
