package io.clonedevice.engine;

import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.store.BlockStore;

/**
 * Asynchronous reads for which no thread is woken: the destination has their bytes in memory, and
 * to copy them takes the caller less time than to hand the request over and be told. Thread-safe.
 */
final class ImmediateReads {
  /** Bytes of a read that other processors had better copy. */
  private static final int LENGTH_MAX = 64 << 10;

  /**
   * How many may follow each other on a thread before one is handed over all the same: a request
   * that is begun when the one before has completed would else deepen the stack each time.
   */
  private static final int IN_A_ROW_MAX = 128;

  // How many have followed each other on this thread, of all devices.
  private static final ThreadLocal<int[]> IN_A_ROW = ThreadLocal.withInitial(() -> new int[1]);

  private final CloneEngine engine;
  private final BlockStore destination;

  ImmediateReads(CloneEngine engine, BlockStore destination) {
    this.engine = engine;
    this.destination = destination;
  }

  /**
   * Serves a read that is inside the gate.
   *
   * @return whether it has ended; if not, nothing has happened to it
   */
  boolean serve(Request request) {
    long offset = request.offset();
    long length = request.end() - offset;
    if (length == 0
        || length > LENGTH_MAX
        || engine.metadata().mode() == MetadataMode.FAIL
        || !engine.router().isHydrated(offset, length)
        || !isNext()) {
      return false;
    }
    try {
      if (!destination.tryRead(offset, request.lastSlice(offset, offset + length))) {
        return false;
      }
    } catch (RuntimeException | Error e) {
      request.completed(e); // whatever a store does, a request that is inside leaves again
      return true;
    }
    request.completed(null);
    return true;
  }

  private static boolean isNext() {
    int[] inARow = IN_A_ROW.get();
    inARow[0] = inARow[0] < IN_A_ROW_MAX ? inARow[0] + 1 : 0;
    return inARow[0] > 0;
  }
}
