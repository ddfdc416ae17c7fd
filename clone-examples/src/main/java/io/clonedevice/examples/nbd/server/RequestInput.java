package io.clonedevice.examples.nbd.server;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;

/**
 * What a client has sent: one call of the system brings as many requests as there are. Before it
 * waits for more it lets its owner send what is ready. Used by the connection's reader only.
 *
 * <pre>
 *   buffer  |  used  |  received, not used  |   room   |
 *           0        start                  position   capacity
 * </pre>
 */
final class RequestInput {
  private final ByteChannel channel;
  private final GrowingBuffer bytes;
  private final BeforeWaiting beforeWaiting;
  private int start;

  /** Called before the reader waits for the client. */
  interface BeforeWaiting {
    void run() throws IOException;
  }

  RequestInput(ByteChannel channel, LargeBuffers largeBuffers, BeforeWaiting beforeWaiting) {
    this.channel = channel;
    this.bytes = new GrowingBuffer(largeBuffers);
    this.beforeWaiting = beforeWaiting;
  }

  /** Bytes that were received and not used yet. */
  int available() {
    return bytes.buffer().position() - start;
  }

  /** The buffer with the bytes; they begin at {@link #start()}. */
  ByteBuffer buffer() {
    return bytes.buffer();
  }

  int start() {
    return start;
  }

  void use(int count) {
    start += count;
  }

  /** As {@link #await}, between requests: while memory is scarce without a large buffer. */
  boolean awaitNext(int count) throws IOException {
    if (available() < count && bytes.isLarge()) {
      compact();
      bytes.shrinkIfScarce();
    }
    return await(count);
  }

  /**
   * Waits for bytes.
   *
   * @return false if the client ended before; what it sent of them is of no use
   */
  boolean await(int count) throws IOException {
    while (available() < count) {
      beforeWaiting.run();
      if (!receive(count)) {
        return false;
      }
    }
    return true;
  }

  /** Bytes that can be held at once as it is. */
  int capacity() {
    return bytes.capacity();
  }

  /** Whether so many bytes can be held at once. */
  boolean canHold(int count) {
    return count <= bytes.capacity() || grow(count);
  }

  /** Uses bytes, and returns a view on them that is valid until the next call. */
  ByteBuffer take(int count) {
    int from = start;
    start += count;
    return bytes.view(from, start);
  }

  /** Fills a buffer with the next bytes. */
  void readFully(ByteBuffer target) throws IOException {
    int held = Math.min(available(), target.remaining());
    target.put(take(held));
    if (target.hasRemaining()) {
      beforeWaiting.run();
      Channels.readFully(channel, target);
    }
  }

  /** Uses bytes without looking at them. */
  void skip(long count) throws IOException {
    long left = count;
    while (left > 0) {
      if (available() == 0 && !await(1)) {
        throw new EOFException("the client ended the connection in the middle of a request");
      }
      int step = (int) Math.min(left, available());
      use(step);
      left -= step;
    }
  }

  void release() {
    bytes.release();
  }

  private boolean receive(int count) throws IOException {
    ByteBuffer buffer = bytes.buffer();
    if (start == buffer.position()) {
      buffer.clear();
      start = 0;
    } else if (buffer.capacity() - start < count || start >= available()) {
      // Room for all that the socket holds is worth moving less than was used.
      compact();
    }
    boolean received = channel.read(buffer) >= 0;
    if (!buffer.hasRemaining() && !bytes.isLarge()) {
      // The client sends more than fits: take more at once from now on.
      grow(LargeBuffers.SIZE);
    }
    return received;
  }

  private boolean grow(int size) {
    compact();
    return bytes.tryGrow(size);
  }

  private void compact() {
    ByteBuffer buffer = bytes.buffer();
    buffer.limit(buffer.position()).position(start).compact();
    start = 0;
  }
}
