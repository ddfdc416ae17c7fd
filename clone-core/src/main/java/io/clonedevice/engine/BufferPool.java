package io.clonedevice.engine;

import java.nio.ByteBuffer;
import org.agrona.concurrent.ManyToManyConcurrentArrayQueue;

/**
 * Page-aligned direct buffers for copies, kept for reuse. Thread-safe; a buffer belongs to who
 * acquired it until it is released.
 */
public final class BufferPool {
  /** The most bytes that a copy moves at once. */
  static final int LARGE_SIZE = 1 << 20;

  private static final int SMALL_SIZE = 1 << 16;
  private static final int ALIGNMENT = 4096;
  private static final int LARGE_KEPT_MAX = 32;
  private static final int SMALL_KEPT_MAX = 256;

  private final ManyToManyConcurrentArrayQueue<ByteBuffer> large =
      new ManyToManyConcurrentArrayQueue<>(LARGE_KEPT_MAX);
  private final ManyToManyConcurrentArrayQueue<ByteBuffer> small =
      new ManyToManyConcurrentArrayQueue<>(SMALL_KEPT_MAX);

  /** Makes an empty pool. */
  public BufferPool() {}

  /**
   * Returns a cleared buffer of at least {@code min(size, LARGE_SIZE)} bytes, contents undefined.
   */
  ByteBuffer acquire(long size) {
    boolean isSmall = size <= SMALL_SIZE;
    ByteBuffer buffer = (isSmall ? small : large).poll();
    if (buffer == null) {
      int capacity = isSmall ? SMALL_SIZE : LARGE_SIZE;
      buffer = ByteBuffer.allocateDirect(capacity + ALIGNMENT).alignedSlice(ALIGNMENT);
    }
    return buffer.clear();
  }

  /** Takes a buffer back; dropped if enough are kept. */
  void release(ByteBuffer buffer) {
    (buffer.capacity() < LARGE_SIZE ? small : large).offer(buffer);
  }
}
