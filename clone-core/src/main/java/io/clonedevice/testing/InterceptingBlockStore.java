package io.clonedevice.testing;

import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A filter with one place through which every call goes before it reaches the delegate. */
abstract class InterceptingBlockStore extends FilterBlockStore {
  InterceptingBlockStore(BlockStore delegate) {
    super(delegate);
  }

  /** Called on the caller's thread; what it throws, the call throws. */
  abstract void before(StoreCall call) throws IOException;

  /** As {@link #before} for an asynchronous call; {@code next} makes the call. */
  void beforeAsync(StoreCall call, Runnable next) throws IOException {
    before(call);
    next.run();
  }

  final StoreCall call(Operation operation, long offset, long length) {
    return new StoreCall(name(), operation, offset, length);
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    before(call(Operation.READ, offset, target.remaining()));
    super.read(offset, target);
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    before(call(Operation.WRITE, offset, source.remaining()));
    super.write(offset, source);
  }

  @Override
  public void flush() throws IOException {
    before(call(Operation.FLUSH, 0, 0));
    super.flush();
  }

  @Override
  public void discard(long offset, long length) throws IOException {
    before(call(Operation.DISCARD, offset, length));
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
    before(call(Operation.COPY, offset, length));
    super.copyTo(offset, target, targetOffset, length);
  }

  @Override
  public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
    intercept(
        call(Operation.READ, offset, target.remaining()),
        completion,
        () -> super.readAsync(offset, target, completion));
  }

  @Override
  public void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    intercept(
        call(Operation.WRITE, offset, source.remaining()),
        completion,
        () -> super.writeAsync(offset, source, completion));
  }

  @Override
  public void flushAsync(IoCompletion completion) {
    intercept(call(Operation.FLUSH, 0, 0), completion, () -> super.flushAsync(completion));
  }

  @Override
  public void discardAsync(long offset, long length, IoCompletion completion) {
    intercept(
        call(Operation.DISCARD, offset, length),
        completion,
        () -> super.discardAsync(offset, length, completion));
  }

  private void intercept(StoreCall call, IoCompletion completion, Runnable next) {
    try {
      beforeAsync(call, next);
    } catch (IOException e) {
      completion.completed(e);
    }
  }
}
