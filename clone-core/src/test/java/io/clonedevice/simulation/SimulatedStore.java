package io.clonedevice.simulation;

import io.clonedevice.simulation.Faults.Effect;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A store of a simulation, for one device: when a call takes effect, when it ends and whether it
 * fails is up to the scheduler and the faults. The medium outlives it.
 */
final class SimulatedStore implements BlockStore {
  /** Hears of what a store goes through. */
  interface Watcher {
    void called(SimulatedStore store, Operation operation);

    void failed(SimulatedStore store, Operation operation);
  }

  private final Op.Side side;
  private final BlockStore medium;
  private final Execution execution;
  private final int blockSize;
  private final DiscardSupport discards;
  private final Faults faults;
  private final Scheduler scheduler;
  private final Watcher watcher;
  private int underWay;
  private boolean cut;
  private boolean closed;

  SimulatedStore(
      Op.Side side,
      BlockStore medium,
      Execution execution,
      int blockSize,
      DiscardSupport discards,
      Faults faults,
      Scheduler scheduler,
      Watcher watcher) {
    this.side = side;
    this.medium = medium;
    this.execution = execution;
    this.blockSize = blockSize;
    this.discards = discards;
    this.faults = faults;
    this.scheduler = scheduler;
    this.watcher = watcher;
  }

  Op.Side side() {
    return side;
  }

  boolean isClosed() {
    return closed;
  }

  /** From now on every call fails and the medium is left alone. */
  void cutPower() {
    cut = true;
  }

  @Override
  public String name() {
    return side.name();
  }

  @Override
  public Object identity() {
    return medium.identity();
  }

  @Override
  public long size() {
    return medium.size();
  }

  @Override
  public int logicalBlockSize() {
    return blockSize;
  }

  @Override
  public boolean isReadOnly() {
    return medium.isReadOnly();
  }

  @Override
  public Execution execution() {
    return execution;
  }

  @Override
  public DiscardSupport discardSupport() {
    return discards;
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    blocking(Operation.READ, offset, target.remaining(), target);
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    blocking(Operation.WRITE, offset, source.remaining(), source);
  }

  @Override
  public void flush() throws IOException {
    blocking(Operation.FLUSH, 0, 0, null);
  }

  @Override
  public void discard(long offset, long length) throws IOException {
    blocking(Operation.DISCARD, offset, length, null);
  }

  @Override
  public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
    asynchronous(Operation.READ, offset, target.remaining(), target, completion);
  }

  @Override
  public void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    asynchronous(Operation.WRITE, offset, source.remaining(), source, completion);
  }

  @Override
  public void flushAsync(IoCompletion completion) {
    asynchronous(Operation.FLUSH, 0, 0, null, completion);
  }

  @Override
  public void discardAsync(long offset, long length, IoCompletion completion) {
    asynchronous(Operation.DISCARD, offset, length, null, completion);
  }

  @Override
  public void close() {
    if (underWay > 0) {
      scheduler.violation(side + " is closed with " + underWay + " calls under way");
    }
    closed = true;
  }

  private void blocking(Operation operation, long offset, long length, ByteBuffer buffer)
      throws IOException {
    begin(operation, offset, length);
    try {
      scheduler.interleave();
      transfer(operation, offset, length, buffer);
    } finally {
      scheduler.interleave();
      underWay--;
    }
  }

  private void asynchronous(
      Operation operation, long offset, long length, ByteBuffer buffer, IoCompletion completion) {
    if (execution != Execution.ASYNCHRONOUS) {
      completion.run(() -> blocking(operation, offset, length, buffer));
      return;
    }
    begin(operation, offset, length);
    scheduler.execute(
        () -> {
          Throwable failure = null;
          try {
            transfer(operation, offset, length, buffer);
          } catch (IOException e) {
            failure = e;
          }
          Throwable outcome = failure;
          Runnable end =
              () -> {
                underWay--;
                completion.completed(outcome);
              };
          if (scheduler.random().nextBoolean()) {
            scheduler.execute(end);
          } else {
            end.run();
          }
        });
  }

  private void begin(Operation operation, long offset, long length) {
    underWay++;
    scheduler.trace((side.ordinal() << 8 | operation.ordinal()) + (offset << 24) + (length << 12));
    if (closed) {
      scheduler.violation(operation + " of " + side + ", which is closed");
    }
    if (offset < 0
        || length < 0
        || offset + length > size()
        || (offset | length) % blockSize != 0) {
      scheduler.violation(operation + " of " + side + " at " + offset + " of " + length + " bytes");
    }
    if (operation == Operation.DISCARD
        && (!discards.supported() || length > discards.maxLength())) {
      scheduler.violation("discard of " + length + " bytes, can do " + discards);
    }
    if (isReadOnly() && operation != Operation.READ) {
      scheduler.violation(operation + " of the read-only " + side);
    }
    watcher.called(this, operation);
  }

  private void transfer(Operation operation, long offset, long length, ByteBuffer buffer)
      throws IOException {
    Effect struck = cut ? Effect.NOTHING : faults.strike(operation);
    if (struck == null) {
      act(operation, offset, length, buffer);
      return;
    }
    if (struck == Effect.ALL) {
      act(operation, offset, length, buffer);
    } else if (struck == Effect.A_PART && operation == Operation.WRITE) {
      writeSomeSectors(offset, buffer);
    }
    scheduler.trace(struck.ordinal());
    watcher.failed(this, operation);
    throw new BlockIoException(
        name(), operation, offset, length, new IOException(cut ? "power cut" : "injected fault"));
  }

  private void act(Operation operation, long offset, long length, ByteBuffer buffer)
      throws IOException {
    switch (operation) {
      case READ -> medium.read(offset, buffer);
      case WRITE -> medium.write(offset, buffer);
      case FLUSH -> medium.flush();
      case DISCARD -> {
        if (discards.readsZeroes()) {
          medium.discard(offset, length);
        } else {
          int first = (int) (offset / Sectors.SIZE);
          medium.write(
              offset, Sectors.filled(Sectors.GARBAGE, first, (int) (length / Sectors.SIZE)));
        }
      }
      default -> throw new IllegalArgumentException(operation + " is made of other calls");
    }
  }

  private void writeSomeSectors(long offset, ByteBuffer buffer) throws IOException {
    for (int at = buffer.position(); at < buffer.limit(); at += Sectors.SIZE) {
      if (scheduler.random().nextBoolean()) {
        medium.write(offset + at - buffer.position(), buffer.slice(at, Sectors.SIZE));
      }
    }
  }
}
