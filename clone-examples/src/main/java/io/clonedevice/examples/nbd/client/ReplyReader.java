package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdContext;
import io.clonedevice.examples.nbd.NbdError;
import io.clonedevice.examples.nbd.NbdReply;
import io.clonedevice.store.Extent;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Reads the replies of one session and puts the bytes of reads straight where the callers want
 * them. Nothing that a server says makes it allocate more than the few bytes of an error's text.
 *
 * <p>Headers are read through a small buffer, so that many short replies take one call; what of a
 * long reply's data is in it already is copied from there, the rest is read past it.
 */
final class ReplyReader {
  private static final int BUFFER_SIZE = 8 << 10;
  private static final int TEXT_SIZE_MAX = 4096;

  /** A server has no reason to describe more extents at once. */
  private static final int STATUS_SIZE_MAX = 8 << 20;

  private static final byte[] ZEROES = new byte[4096];

  private final Session session;
  private final Connection connection;
  private final ByteBuffer buffered = ByteBuffer.allocateDirect(BUFFER_SIZE).limit(0);

  ReplyReader(Session session, Connection connection) {
    this.session = session;
    this.connection = connection;
  }

  /** Reads until the connection ends or fails. */
  void run() throws IOException {
    while (true) {
      need(NbdReply.SIMPLE_SIZE);
      int magic = buffered.getInt();
      switch (magic) {
        case NbdReply.SIMPLE_MAGIC -> simpleReply();
        case NbdReply.CHUNK_MAGIC -> chunk();
        default ->
            throw new NbdProtocolException("a reply begins with " + Integer.toHexString(magic));
      }
    }
  }

  private void simpleReply() throws IOException {
    int error = buffered.getInt();
    Request request = session.inFlight().get(buffered.getLong());
    if (error != 0) {
      report(request, error, "");
    } else if (request.command == NbdCommand.READ) {
      if (session.info().structured()) {
        throw new NbdProtocolException("a simple reply to a read, after chunks were agreed on");
      }
      readData(request, request.offset, request.length);
    } else if (request.command == NbdCommand.BLOCK_STATUS) {
      throw new NbdProtocolException("a simple reply to a block status");
    }
    session.replied(request);
  }

  private void chunk() throws IOException {
    int flags = Short.toUnsignedInt(buffered.getShort());
    int type = Short.toUnsignedInt(buffered.getShort());
    Request request = session.inFlight().get(buffered.getLong());
    need(Integer.BYTES);
    long length = Integer.toUnsignedLong(buffered.getInt());
    if (!session.info().structured()) {
      throw new NbdProtocolException("a chunk, which was not agreed on");
    }
    boolean done = (flags & NbdReply.FLAG_DONE) != 0;
    switch (type) {
      case NbdReply.NONE -> {
        require(
            length == 0 && done, "a chunk without payload has one, or is not the last", request);
      }
      case NbdReply.OFFSET_DATA -> {
        require(length > NbdReply.DATA_OFFSET_SIZE, "a chunk of data without data", request);
        need(NbdReply.DATA_OFFSET_SIZE);
        readData(request, buffered.getLong(), length - NbdReply.DATA_OFFSET_SIZE);
      }
      case NbdReply.OFFSET_HOLE -> {
        require(length == NbdReply.HOLE_SIZE, "a hole of another length", request);
        need(NbdReply.HOLE_SIZE);
        long offset = buffered.getLong();
        fillZeroes(request, offset, Integer.toUnsignedLong(buffered.getInt()));
      }
      case NbdReply.BLOCK_STATUS -> blockStatus(request, length);
      default -> {
        if ((type & NbdReply.ERROR_BIT) == 0) {
          throw new NbdProtocolException("chunk of unknown type " + type + " for " + request);
        }
        error(request, length);
      }
    }
    if (done) {
      finish(request);
    }
  }

  private void finish(Request request) throws IOException {
    if (request.error == null) {
      require(
          request.command != NbdCommand.READ || request.received == request.length,
          "the reply has " + request.received + " bytes",
          request);
      require(
          request.command != NbdCommand.BLOCK_STATUS || request.extent != null,
          "the reply has no status",
          request);
    }
    session.replied(request);
  }

  private void readData(Request request, long offset, long length) throws IOException {
    ByteBuffer target = expect(request, offset, length);
    int limit = target.limit();
    int from = request.start + (int) (offset - request.offset);
    try {
      target.limit(from + (int) length).position(from);
      int early = Math.min(buffered.remaining(), target.remaining());
      int end = buffered.limit();
      target.put(buffered.limit(buffered.position() + early));
      buffered.limit(end);
      connection.readFully(target);
    } finally {
      target.limit(limit);
    }
  }

  private void fillZeroes(Request request, long offset, long length) throws IOException {
    ByteBuffer target = expect(request, offset, length);
    target.position(request.start + (int) (offset - request.offset));
    for (long left = length; left > 0; left -= Math.min(left, ZEROES.length)) {
      target.put(ZEROES, 0, (int) Math.min(left, ZEROES.length));
    }
  }

  /** Checks that a part of a read's reply is inside it, and counts it. */
  private static ByteBuffer expect(Request request, long offset, long length) throws IOException {
    require(
        request.command == NbdCommand.READ
            && length > 0
            && offset >= request.offset
            && offset <= request.end()
            && length <= request.end() - offset
            && length <= request.length - request.received,
        "the reply has " + length + " bytes at byte " + offset,
        request);
    request.received += length;
    return request.buffer;
  }

  /** Keeps the first extent, as long as those that follow are of its kind. */
  private void blockStatus(Request request, long length) throws IOException {
    require(
        request.command == NbdCommand.BLOCK_STATUS
            && request.extent == null
            && length >= Integer.BYTES + NbdContext.EXTENT_SIZE
            && (length - Integer.BYTES) % NbdContext.EXTENT_SIZE == 0
            && length <= STATUS_SIZE_MAX,
        "a block status of " + length + " bytes",
        request);
    need(Integer.BYTES);
    long context = Integer.toUnsignedLong(buffered.getInt());
    require(context == session.info().allocationContext(), "status in context " + context, request);
    long known = 0;
    Extent.Kind kind = null;
    boolean alike = true;
    for (long left = length - Integer.BYTES; left > 0; left -= NbdContext.EXTENT_SIZE) {
      need(NbdContext.EXTENT_SIZE);
      long extentLength = Integer.toUnsignedLong(buffered.getInt());
      Extent.Kind extentKind =
          (buffered.getInt() & NbdContext.STATE_ZERO) != 0 ? Extent.Kind.HOLE : Extent.Kind.DATA;
      require(extentLength > 0, "an extent without length", request);
      alike &= kind == null || kind == extentKind;
      if (alike) {
        kind = extentKind;
        known += extentLength;
      }
    }
    request.extent = new Extent(request.offset, Math.min(known, request.length), kind);
  }

  private void error(Request request, long length) throws IOException {
    require(
        length >= NbdReply.ERROR_SIZE && length <= NbdReply.ERROR_SIZE + TEXT_SIZE_MAX + Long.BYTES,
        "an error of " + length + " bytes",
        request);
    need(NbdReply.ERROR_SIZE);
    int code = buffered.getInt();
    int textLength = Short.toUnsignedInt(buffered.getShort());
    require(textLength <= length - NbdReply.ERROR_SIZE, "an error's text is cut off", request);
    need((int) length - NbdReply.ERROR_SIZE);
    byte[] text = new byte[textLength];
    buffered.get(text);
    // What follows the text, such as the error's offset, tells nothing that the range does not.
    buffered.position(buffered.position() + (int) length - NbdReply.ERROR_SIZE - textLength);
    report(request, code, new String(text, StandardCharsets.UTF_8));
  }

  private static void report(Request request, int code, String text) throws IOException {
    NbdError error = NbdError.of(code);
    if (error == NbdError.ESHUTDOWN) {
      throw new IOException("the server is ending");
    }
    if (request.error == null) {
      request.error = new NbdErrorException(error, text);
    }
  }

  /** Makes sure that so many bytes are in the buffer. */
  private void need(int count) throws IOException {
    if (buffered.remaining() >= count) {
      return;
    }
    buffered.compact();
    try {
      while (buffered.position() < count) {
        if (connection.read(buffered) < 0) {
          throw new EOFException("the server closed the connection");
        }
      }
    } finally {
      buffered.flip();
    }
  }

  private static void require(boolean met, String otherwise, Request request)
      throws NbdProtocolException {
    if (!met) {
      throw new NbdProtocolException(otherwise + " (" + request + ")");
    }
  }
}
