package io.clonedevice.stress;

import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * A store whose calls dawdle: now and then a call takes longer, or waits for a bystander to run, so
 * that everything overtakes everything. A sector is read and written whole, as on a disk. An
 * asynchronous one completes on other threads and out of order. Now and then a call of a chosen
 * kind fails and does nothing.
 */
final class UnrulyBlockStore extends FilterBlockStore {
  private static final int SPINS_MAX = 1_000;

  private final Execution execution;
  private final Dice dice;
  private final Shuffle callers;
  private final Shuffle bystanders;
  private final Set<Operation> failing;
  private final int failsOnceIn;

  // Any thread.
  private volatile boolean closed;
  private volatile String calledAfterClose;

  /**
   * Makes a store over a medium that stays open.
   *
   * @param callers make the calls if the store is asynchronous
   * @param bystanders run when a call dawdles
   * @param failing which calls may fail; not those that others rely on, such as a flush
   */
  UnrulyBlockStore(
      BlockStore medium,
      Execution execution,
      Dice dice,
      Shuffle callers,
      Shuffle bystanders,
      Set<Operation> failing,
      int failsOnceIn) {
    super(medium);
    this.execution = execution;
    this.dice = dice;
    this.callers = callers;
    this.bystanders = bystanders;
    this.failing = failing;
    this.failsOnceIn = failsOnceIn;
  }

  /** What a store throws that was told to fail. */
  static final class InjectedException extends IOException {
    private static final long serialVersionUID = 1L;

    InjectedException(Operation operation) {
      super(operation + " fails, says the test");
    }
  }

  /** Returns which call came after the store was closed, or {@code null}. */
  String calledAfterClose() {
    return calledAfterClose;
  }

  @Override
  public Execution execution() {
    return execution;
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    make(Operation.READ, () -> super.read(offset, target));
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    make(Operation.WRITE, () -> super.write(offset, source));
  }

  @Override
  public void flush() throws IOException {
    make(Operation.FLUSH, super::flush);
  }

  @Override
  public void discard(long offset, long length) throws IOException {
    make(Operation.DISCARD, () -> super.discard(offset, length));
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    write(offset, source);
    flush();
  }

  @Override
  public void copyTo(long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate((int) length);
    read(offset, buffer);
    target.write(targetOffset, buffer.flip());
  }

  @Override
  public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
    start(completion, () -> read(offset, target));
  }

  @Override
  public void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    start(completion, () -> write(offset, source));
  }

  @Override
  public void flushAsync(IoCompletion completion) {
    start(completion, this::flush);
  }

  @Override
  public void discardAsync(long offset, long length, IoCompletion completion) {
    start(completion, () -> discard(offset, length));
  }

  @Override
  public void close() {
    closed = true;
  }

  private void start(IoCompletion completion, IoCompletion.IoCall call) {
    if (execution == Execution.ASYNCHRONOUS) {
      callers.add(() -> completion.run(call));
    } else {
      completion.run(call);
    }
  }

  private void make(Operation operation, IoCompletion.IoCall call) throws IOException {
    if (closed) {
      calledAfterClose = operation + " on " + Thread.currentThread().getName();
    }
    dawdle();
    if (failing.contains(operation) && dice.onceIn(failsOnceIn)) {
      throw new InjectedException(operation);
    }
    synchronized (this) {
      call.run();
    }
    dawdle();
  }

  private void dawdle() {
    switch (dice.below(8)) {
      case 0, 1 -> {
        for (int spins = dice.below(SPINS_MAX); spins > 0; spins--) {
          Thread.onSpinWait();
        }
      }
      case 2 -> bystanders.passThrough();
      default -> {
        // At once.
      }
    }
  }
}
