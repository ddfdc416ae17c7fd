package io.clonedevice.examples.nbd.server;

import io.clonedevice.examples.nbd.NbdError;
import io.clonedevice.examples.nbd.NbdReply;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Replies in the form that was negotiated. */
final class ReplyCodec {
  private static final int STRUCTURED_READ_HEADER = NbdReply.CHUNK_SIZE + NbdReply.DATA_OFFSET_SIZE;

  private final boolean structured;

  ReplyCodec(boolean structured) {
    this.structured = structured;
  }

  boolean isStructured() {
    return structured;
  }

  /** Bytes before the data of a read. */
  int readHeaderSize() {
    return structured ? STRUCTURED_READ_HEADER : NbdReply.SIMPLE_SIZE;
  }

  /** Puts what comes before the data of a read, or of a part of it that is not the last. */
  void putReadHeader(ByteBuffer target, long cookie, long offset, int length, boolean done) {
    if (structured) {
      NbdReply.putChunk(
          target,
          done ? NbdReply.FLAG_DONE : 0,
          NbdReply.OFFSET_DATA,
          cookie,
          NbdReply.DATA_OFFSET_SIZE + length);
      target.putLong(offset);
    } else {
      NbdReply.putSimple(target, 0, cookie);
    }
  }

  ByteBuffer readHeader(long cookie, long offset, int length, boolean done) {
    ByteBuffer header = ByteBuffer.allocate(readHeaderSize());
    putReadHeader(header, cookie, offset, length, done);
    return header.flip();
  }

  /** Ends a read that was sent in parts. */
  static ByteBuffer readEnd(long cookie) {
    ByteBuffer end = ByteBuffer.allocate(NbdReply.CHUNK_SIZE);
    NbdReply.putChunk(end, NbdReply.FLAG_DONE, NbdReply.NONE, cookie, 0);
    return end.flip();
  }

  /** Success of anything but a read; simple also where replies are structured: it is shorter. */
  static ByteBuffer success(long cookie) {
    ByteBuffer reply = ByteBuffer.allocate(NbdReply.SIMPLE_SIZE);
    NbdReply.putSimple(reply, 0, cookie);
    return reply.flip();
  }

  ByteBuffer error(long cookie, NbdError error, String message) {
    if (!structured) {
      ByteBuffer reply = ByteBuffer.allocate(NbdReply.SIMPLE_SIZE);
      NbdReply.putSimple(reply, error.code(), cookie);
      return reply.flip();
    }
    byte[] text = message.getBytes(StandardCharsets.UTF_8);
    int payload = NbdReply.ERROR_SIZE + text.length;
    ByteBuffer reply = ByteBuffer.allocate(NbdReply.CHUNK_SIZE + payload);
    NbdReply.putChunk(reply, NbdReply.FLAG_DONE, NbdReply.ERROR, cookie, payload);
    return reply.putInt(error.code()).putShort((short) text.length).put(text).flip();
  }

  /** An error of a structured read that was sent in part; the last chunk. */
  static ByteBuffer errorAt(
      long cookie, NbdError error, String message, long offset, boolean done) {
    byte[] text = message.getBytes(StandardCharsets.UTF_8);
    int payload = NbdReply.ERROR_SIZE + text.length + NbdReply.DATA_OFFSET_SIZE;
    ByteBuffer reply = ByteBuffer.allocate(NbdReply.CHUNK_SIZE + payload);
    NbdReply.putChunk(reply, done ? NbdReply.FLAG_DONE : 0, NbdReply.ERROR_OFFSET, cookie, payload);
    reply.putInt(error.code()).putShort((short) text.length).put(text);
    return reply.putLong(offset).flip();
  }
}
