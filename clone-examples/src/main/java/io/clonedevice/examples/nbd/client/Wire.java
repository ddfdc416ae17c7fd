package io.clonedevice.examples.nbd.client;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ReadableByteChannel;

/** Whole transfers over a blocking channel. */
final class Wire {
  /**
   * Most bytes of a heap buffer that go into one call: the JDK copies what it is given into a
   * direct buffer of that size, and keeps that for the thread.
   */
  private static final int HEAP_TRANSFER_MAX = 128 << 10;

  private Wire() {}

  /** Fills a buffer. */
  static void readFully(ReadableByteChannel channel, ByteBuffer target) throws IOException {
    int limit = target.limit();
    while (target.hasRemaining()) {
      target.limit(stepEnd(target));
      int count;
      try {
        count = channel.read(target);
      } finally {
        target.limit(limit);
      }
      if (count < 0) {
        throw new EOFException("the server closed the connection");
      }
    }
  }

  /** Writes all of a header and of the data that follows it. */
  static void writeFully(GatheringByteChannel channel, ByteBuffer header, ByteBuffer data)
      throws IOException {
    ByteBuffer[] both = {header, data};
    int limit = data.limit();
    while (header.hasRemaining() || data.hasRemaining()) {
      data.limit(stepEnd(data));
      try {
        channel.write(both);
      } finally {
        data.limit(limit);
      }
    }
  }

  static void writeFully(GatheringByteChannel channel, ByteBuffer source) throws IOException {
    while (source.hasRemaining()) {
      channel.write(source);
    }
  }

  private static int stepEnd(ByteBuffer buffer) {
    return buffer.isDirect()
        ? buffer.limit()
        : Math.min(buffer.limit(), buffer.position() + HEAP_TRANSFER_MAX);
  }
}
