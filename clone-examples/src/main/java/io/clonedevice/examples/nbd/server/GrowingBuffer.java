package io.clonedevice.examples.nbd.server;

import java.nio.ByteBuffer;

/**
 * A direct buffer of a connection that is small until it turns out to be too small, because most of
 * a thousand connections idle. Where there is no large one it stays as it is. Used by the
 * connection's reader only.
 */
final class GrowingBuffer {
  private static final int SMALL_SIZE = 16 << 10;

  private final LargeBuffers largeBuffers;
  private final ByteBuffer small = ByteBuffer.allocateDirect(SMALL_SIZE);
  private ByteBuffer buffer = small;

  /** The same bytes with a position and limit of its own. */
  private ByteBuffer view = buffer.duplicate();

  GrowingBuffer(LargeBuffers largeBuffers) {
    this.largeBuffers = largeBuffers;
  }

  ByteBuffer buffer() {
    return buffer;
  }

  boolean isLarge() {
    return buffer.capacity() > SMALL_SIZE;
  }

  int capacity() {
    return buffer.capacity();
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
    ByteBuffer large = size <= LargeBuffers.SIZE ? largeBuffers.tryTake() : null;
    if (large == null) {
      return false;
    }
    use(large.put(buffer.flip()));
    return true;
  }

  /** Becomes small while memory is scarce; keeps the bytes up to the position, which must fit. */
  void shrinkIfScarce() {
    if (isLarge() && largeBuffers.areScarce()) {
      ByteBuffer large = buffer;
      use(small.clear().put(large.flip()));
      largeBuffers.giveBack(large);
    }
  }

  /** Gives back what was taken; not to be used any more. */
  void release() {
    if (isLarge()) {
      largeBuffers.giveBack(buffer);
    }
    buffer = null;
    view = null;
  }

  private void use(ByteBuffer next) {
    buffer = next;
    view = next.duplicate();
  }
}
