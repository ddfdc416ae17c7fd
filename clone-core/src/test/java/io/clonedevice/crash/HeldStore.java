package io.clonedevice.crash;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Source or destination as a history's device sees it: asynchronous calls wait for their turn among
 * the steps, and a discard may have no effect.
 */
final class HeldStore extends FilterBlockStore {
  private final Shape shape;
  private final Steps steps;
  private final Runnable afterFlush;

  /**
   * @param afterFlush run when a flush has had its effect and has not yet returned
   */
  HeldStore(BlockStore delegate, Shape shape, Steps steps, Runnable afterFlush) {
    super(delegate);
    this.shape = shape;
    this.steps = steps;
    this.afterFlush = afterFlush;
  }

  @Override
  public void flush() throws IOException {
    super.flush();
    afterFlush.run();
  }

  @Override
  public Execution execution() {
    return shape.execution();
  }

  @Override
  public DiscardSupport discardSupport() {
    DiscardSupport below = super.discardSupport();
    return below.supported()
        ? new DiscardSupport(true, below.granularity(), below.maxLength(), shape.zeroesBelow())
        : below;
  }

  @Override
  public void discard(long offset, long length) throws IOException {
    if (shape.zeroesBelow()) {
      super.discard(offset, length);
    }
  }

  @Override
  public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
    inTurn(() -> completion.run(() -> read(offset, target)));
  }

  @Override
  public void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    inTurn(() -> completion.run(() -> write(offset, source)));
  }

  @Override
  public void discardAsync(long offset, long length, IoCompletion completion) {
    inTurn(() -> completion.run(() -> discard(offset, length)));
  }

  private void inTurn(Runnable call) {
    if (execution() == Execution.ASYNCHRONOUS) {
      steps.add(call);
    } else {
      call.run();
    }
  }
}
