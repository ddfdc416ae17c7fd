package io.clonedevice.store;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * Page-aligned direct buffers that are used again, for transfers that cannot use the caller's
 * buffer.
 *
 * <p>Thread-safe, and not bound to threads, so thousands of virtual threads do not keep a buffer
 * each. A buffer belongs to who acquired it until it is released.
 */
public final class BufferPool {
  /** Bytes of the largest buffer. */
  public static final int LARGE_SIZE = 1 << 20;

  /** Bytes that a buffer's address is a multiple of. */
  public static final int ALIGNMENT = 4096;

  private static final int SMALL_SIZE = 1 << 16;
  private static final int LARGE_KEPT_MAX = 64;
  private static final int SMALL_KEPT_MAX = 256;

  private static final Kept LARGE = new Kept(LARGE_KEPT_MAX);
  private static final Kept SMALL = new Kept(SMALL_KEPT_MAX);

  private BufferPool() {}

  /**
   * Returns a cleared buffer of any content; never waits.
   *
   * @param size bytes that are wanted; positive
   * @return a buffer of at least {@code min(size, LARGE_SIZE)} bytes
   */
  public static ByteBuffer acquire(long size) {
    int capacity = capacityFor(size);
    ByteBuffer buffer = (capacity == SMALL_SIZE ? SMALL : LARGE).poll();
    if (buffer != null) {
      return buffer.clear();
    }
    return ByteBuffer.allocateDirect(capacity + ALIGNMENT - 1)
        .alignedSlice(ALIGNMENT)
        .limit(capacity)
        .slice();
  }

  /**
   * Returns how large a buffer is that {@link #acquire} returns.
   *
   * @param size bytes that are wanted; positive
   * @return the buffer's capacity, which is what it costs to keep, in bytes
   */
  public static int capacityFor(long size) {
    return size <= SMALL_SIZE ? SMALL_SIZE : LARGE_SIZE;
  }

  /**
   * Takes a buffer back; a pool that keeps enough leaves it to the garbage collector.
   *
   * @param buffer from {@link #acquire}; no longer the caller's
   */
  public static void release(ByteBuffer buffer) {
    (buffer.capacity() == SMALL_SIZE ? SMALL : LARGE).offer(buffer);
  }

  /** The last one to come is the first one to go: its bytes may be in the processor's cache. */
  private static final class Kept {
    private final int most;

    // Guarded by this.
    private final ArrayDeque<ByteBuffer> buffers = new ArrayDeque<>();

    Kept(int most) {
      this.most = most;
    }

    synchronized ByteBuffer poll() {
      return buffers.pollLast();
    }

    synchronized void offer(ByteBuffer buffer) {
      if (buffers.size() < most) {
        buffers.addLast(buffer);
      }
    }
  }
}
