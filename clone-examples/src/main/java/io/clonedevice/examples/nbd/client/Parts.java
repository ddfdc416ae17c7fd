package io.clonedevice.examples.nbd.client;

import io.clonedevice.store.IoCompletion;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Waits for the parts of a request that is too long for the server, and completes the whole. */
final class Parts implements IoCompletion {
  private final ByteBuffer buffer;
  private final IoCompletion whole;
  private final AtomicInteger left;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  /**
   * @param buffer the caller's, whose position the parts do not touch
   */
  Parts(int count, ByteBuffer buffer, IoCompletion whole) {
    this.left = new AtomicInteger(count);
    this.buffer = buffer;
    this.whole = whole;
  }

  @Override
  public void completed(Throwable partFailure) {
    if (partFailure != null) {
      failure.compareAndSet(null, partFailure);
    }
    if (left.decrementAndGet() == 0) {
      if (failure.get() == null) {
        buffer.position(buffer.limit());
      }
      whole.completed(failure.get());
    }
  }
}
