package io.clonedevice.examples.nbd.server;

import java.nio.ByteBuffer;

/**
 * A direct buffer of a connection that is small until it turns out to be too small, because most of
 * a thousand connections idle. What it grows by comes out of the server's budget; where that is
 * used up it stays as it is. Used by the connection's reader only.
 */
final class GrowingBuffer {
  private static final int SIZE_MIN = 16 << 10;

  /** A page, so that what comes before the data of the largest size fits beside it. */
  private static final int HEADER_ROOM = 4096;

  private final MemoryBudget budget;
  private final int sizeMax;
  private ByteBuffer buffer = ByteBuffer.allocateDirect(SIZE_MIN);

  /** The same bytes with a position and limit of its own. */
  private ByteBuffer view = buffer.duplicate();

  /**
   * Makes a small one.
   *
   * @param dataMax bytes of data that it may grow to hold, with a page for what comes before them
   */
  GrowingBuffer(MemoryBudget budget, int dataMax) {
    this.budget = budget;
    this.sizeMax = dataMax + HEADER_ROOM;
  }

  ByteBuffer buffer() {
    return buffer;
  }

  int capacity() {
    return buffer.capacity();
  }

  int sizeMax() {
    return sizeMax;
  }

  /** Returns the one view on a range; valid until the next call. */
  ByteBuffer view(int from, int to) {
    return view.limit(to).position(from);
  }

  /** Makes room for a number of bytes if that is possible; keeps those up to the position. */
  boolean tryGrow(int size) {
    if (size <= buffer.capacity()) {
      return true;
    }
    if (size > sizeMax) {
      return false;
    }
    int rounded = Integer.highestOneBit(size - 1) << 1;
    int wanted = rounded < sizeMax - HEADER_ROOM ? rounded : sizeMax;
    int added = wanted - buffer.capacity();
    if (!budget.tryReserve(added)) {
      return false;
    }
    ByteBuffer larger = ByteBuffer.allocateDirect(wanted);
    larger.put(buffer.flip());
    buffer = larger;
    view = larger.duplicate();
    return true;
  }

  /** Gives back to the budget what was taken; the memory itself is the garbage collector's. */
  void release() {
    budget.release(buffer.capacity() - SIZE_MIN);
    buffer = null;
    view = null;
  }
}
