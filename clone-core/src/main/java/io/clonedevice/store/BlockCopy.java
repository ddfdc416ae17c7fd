package io.clonedevice.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Copies between stores that have no shorter way. */
final class BlockCopy {
  private static final int BUFFER_SIZE = 1 << 20;

  private BlockCopy() {}

  static void throughBuffer(
      BlockStore source, long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect((int) Math.min(BUFFER_SIZE, length));
    for (long done = 0; done < length; done += buffer.limit()) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), length - done));
      source.read(offset + done, buffer);
      buffer.flip();
      target.write(targetOffset + done, buffer);
    }
  }
}
