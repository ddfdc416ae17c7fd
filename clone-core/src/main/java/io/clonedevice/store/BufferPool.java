package io.clonedevice.store;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * Page-aligned direct buffers that are used again, for transfers that cannot use the caller's
 * buffer. Not bound to threads, so thousands of virtual threads do not keep a buffer each.
 */
final class BufferPool {
  /** Bytes of a buffer. */
  static final int BUFFER_SIZE = 1 << 20;

  /** Bytes that a buffer's address is a multiple of. */
  static final int ALIGNMENT = 4096;

  private static final ArrayBlockingQueue<ByteBuffer> IDLE =
      new ArrayBlockingQueue<>(Math.max(4, 2 * Runtime.getRuntime().availableProcessors()));

  private BufferPool() {}

  /** Returns a cleared buffer of {@link #BUFFER_SIZE} bytes with any content. Does not wait. */
  static ByteBuffer acquire() {
    ByteBuffer buffer = IDLE.poll();
    return buffer != null
        ? buffer.clear()
        : ByteBuffer.allocateDirect(BUFFER_SIZE + ALIGNMENT - 1)
            .alignedSlice(ALIGNMENT)
            .limit(BUFFER_SIZE)
            .slice();
  }

  /** Takes a buffer back; the caller must not use it any more. */
  static void release(ByteBuffer buffer) {
    // A full pool leaves the buffer to the garbage collector.
    IDLE.offer(buffer);
  }
}
