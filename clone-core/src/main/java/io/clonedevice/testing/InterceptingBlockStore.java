package io.clonedevice.testing;

import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A filter with one place through which every call goes before it reaches the delegate. */
abstract class InterceptingBlockStore extends FilterBlockStore {
  private static final Beginning NOTHING = bytes -> {};

  InterceptingBlockStore(BlockStore delegate) {
    super(delegate);
  }

  /** Does the first bytes of a call. */
  @FunctionalInterface
  interface Beginning {
    void make(long bytes) throws IOException;
  }

  /** Called on the caller's thread; what it throws, the call throws. */
  abstract void before(StoreCall call) throws IOException;

  /** As {@link #before}; the call may also be made in part. */
  void before(StoreCall call, Beginning beginning) throws IOException {
    before(call);
  }

  /** As {@link #before} for an asynchronous call; {@code next} makes the call. */
  void beforeAsync(StoreCall call, Beginning beginning, IoCompletion completion, Runnable next)
      throws IOException {
    before(call, beginning);
    next.run();
  }

  final StoreCall call(Operation operation, long offset, long length) {
    return new StoreCall(name(), operation, offset, length);
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    before(call(Operation.READ, offset, target.remaining()), beginningOfRead(offset, target));
    super.read(offset, target);
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    before(call(Operation.WRITE, offset, source.remaining()), beginningOfWrite(offset, source));
    super.write(offset, source);
  }

  @Override
  public void flush() throws IOException {
    before(call(Operation.FLUSH, 0, 0), NOTHING);
    super.flush();
  }

  @Override
  public void discard(long offset, long length) throws IOException {
    before(call(Operation.DISCARD, offset, length), beginningOfDiscard(offset));
    super.discard(offset, length);
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    write(offset, source);
    flush();
  }

  @Override
  public void copyTo(long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    before(
        call(Operation.COPY, offset, length),
        bytes -> super.copyTo(offset, target, targetOffset, bytes));
    super.copyTo(offset, target, targetOffset, length);
  }

  @Override
  public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
    intercept(
        call(Operation.READ, offset, target.remaining()),
        beginningOfRead(offset, target),
        completion,
        () -> super.readAsync(offset, target, completion));
  }

  @Override
  public void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    intercept(
        call(Operation.WRITE, offset, source.remaining()),
        beginningOfWrite(offset, source),
        completion,
        () -> super.writeAsync(offset, source, completion));
  }

  @Override
  public void flushAsync(IoCompletion completion) {
    intercept(call(Operation.FLUSH, 0, 0), NOTHING, completion, () -> super.flushAsync(completion));
  }

  @Override
  public void discardAsync(long offset, long length, IoCompletion completion) {
    intercept(
        call(Operation.DISCARD, offset, length),
        beginningOfDiscard(offset),
        completion,
        () -> super.discardAsync(offset, length, completion));
  }

  private void intercept(
      StoreCall call, Beginning beginning, IoCompletion completion, Runnable next) {
    try {
      beforeAsync(call, beginning, completion, next);
    } catch (IOException e) {
      completion.completed(e);
    }
  }

  private Beginning beginningOfRead(long offset, ByteBuffer target) {
    return bytes -> super.read(offset, target.slice(target.position(), (int) bytes));
  }

  private Beginning beginningOfWrite(long offset, ByteBuffer source) {
    return bytes -> super.write(offset, source.slice(source.position(), (int) bytes));
  }

  private Beginning beginningOfDiscard(long offset) {
    return bytes -> super.discard(offset, bytes);
  }
}
