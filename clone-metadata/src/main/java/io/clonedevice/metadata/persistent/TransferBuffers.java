package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * Buffers of 128 KiB for reading and writing many blocks at a time. They go from one commit to the
 * next, of whichever device, so that a thousand idle devices keep a few of them and not one each.
 *
 * <p>Thread-safe. A buffer belongs to who acquired it until it is released.
 */
final class TransferBuffers {
  private static final int KEPT_MAX = 8;
  private static final ArrayBlockingQueue<ByteBuffer> KEPT = new ArrayBlockingQueue<>(KEPT_MAX);

  private TransferBuffers() {}

  /** Returns a cleared buffer of any content; never waits. */
  static ByteBuffer acquire() {
    ByteBuffer kept = KEPT.poll();
    return kept == null ? OnDiskMetadata.newBuffer() : kept.clear();
  }

  /** Takes a buffer back; one too many is left to the garbage collector. */
  static void release(ByteBuffer buffer) {
    KEPT.offer(buffer);
  }
}
