package io.clonedevice.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Copies between stores that have no shorter way. */
final class BlockCopy {
  private BlockCopy() {}

  /** Where the bytes come from. */
  @FunctionalInterface
  interface Reader {
    void read(long offset, ByteBuffer target) throws IOException;
  }

  static void throughBuffer(
      Reader source, long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    ByteBuffer buffer = BufferPool.acquire(length);
    try {
      for (long done = 0; done < length; done += buffer.limit()) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), length - done));
        source.read(offset + done, buffer);
        buffer.flip();
        target.writeUncached(targetOffset + done, buffer);
      }
    } finally {
      BufferPool.release(buffer);
    }
  }
}
