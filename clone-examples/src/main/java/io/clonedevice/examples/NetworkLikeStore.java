package io.clonedevice.examples;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;

/** A store whose every transfer takes as long as one stream from a far-away machine would. */
final class NetworkLikeStore extends FilterBlockStore {
  private static final long LATENCY_NS = 500_000;

  private final long bytesPerSecond;

  NetworkLikeStore(BlockStore delegate, long bytesPerSecond) {
    super(delegate);
    this.bytesPerSecond = bytesPerSecond;
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    transfer(target.remaining());
    super.read(offset, target);
  }

  @Override
  public void copyTo(long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    transfer(length);
    super.copyTo(offset, target, targetOffset, length);
  }

  private void transfer(long length) {
    long endNs = System.nanoTime() + LATENCY_NS + (long) (length * 1e9 / bytesPerSecond);
    for (long left = endNs - System.nanoTime(); left > 0; left = endNs - System.nanoTime()) {
      LockSupport.parkNanos(this, left);
      if (Thread.currentThread().isInterrupted()) {
        return; // whoever interrupts wants to get on, and parking would only spin now
      }
    }
  }
}
