package io.clonedevice.examples.nbd.server;

import io.clonedevice.store.BufferPool;
import java.nio.ByteBuffer;

/**
 * A reply, or a chunk of one, that an asynchronous request leaves to be sent.
 *
 * @param header first bytes, from position to limit
 * @param data what follows, from position to limit; from the {@link BufferPool}, or {@code null}
 * @param reserved what was entered {@link InFlight} with, and is left with when this is sent
 */
record LateReply(ByteBuffer header, ByteBuffer data, long reserved) {
  /** Gives everything back, sent or not. */
  void release(InFlight inFlight) {
    if (data != null) {
      BufferPool.release(data);
    }
    inFlight.leave(reserved);
  }
}
