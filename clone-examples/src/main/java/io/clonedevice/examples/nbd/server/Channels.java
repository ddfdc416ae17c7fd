package io.clonedevice.examples.nbd.server;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.GatheringByteChannel;

/** Whole transfers on blocking channels. */
final class Channels {
  private Channels() {}

  /**
   * Fills a buffer.
   *
   * @throws EOFException if the other side ended before
   */
  static void readFully(ByteChannel channel, ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (channel.read(target) < 0) {
        throw new EOFException("the client ended the connection");
      }
    }
  }

  static void writeFully(ByteChannel channel, ByteBuffer source) throws IOException {
    while (source.hasRemaining()) {
      channel.write(source);
    }
  }

  /** Writes {@code count} buffers, in as few calls as the channel can do. */
  static void writeFully(ByteChannel channel, ByteBuffer[] sources, int count) throws IOException {
    if (channel instanceof GatheringByteChannel gathering) {
      int first = 0;
      while (first < count) {
        if (sources[first].hasRemaining()) {
          gathering.write(sources, first, count - first);
        } else {
          first++;
        }
      }
    } else {
      for (int i = 0; i < count; i++) {
        writeFully(channel, sources[i]);
      }
    }
  }
}
