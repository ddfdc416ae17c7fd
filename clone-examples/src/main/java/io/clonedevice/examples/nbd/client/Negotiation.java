package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.NbdContext;
import io.clonedevice.examples.nbd.NbdExportFlags;
import io.clonedevice.examples.nbd.NbdHandshake;
import io.clonedevice.examples.nbd.NbdInfo;
import io.clonedevice.examples.nbd.NbdOption;
import io.clonedevice.examples.nbd.NbdOptionReply;
import io.clonedevice.examples.nbd.client.OptionHaggling.Reply;
import io.clonedevice.examples.nbd.tls.TlsContext;
import java.io.EOFException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The handshake of one connection, up to transmission: fixed newstyle with GO, or EXPORT_NAME for
 * servers that know no better.
 */
final class Negotiation {
  private static final long OLDSTYLE_MAGIC = 0x00420281861253L;
  private static final int PAYLOAD_MAX = 32 << 20; // what every server takes
  private static final ByteBuffer NO_DATA = ByteBuffer.allocate(0);

  private final NbdUri uri;
  private final TlsContext tls;
  private final Connection connection;
  private final OptionHaggling options;
  private final byte[] name;

  private long size = -1;
  private int flags;
  private int blockSizeMin = 1;
  private int blockSizePreferred = 4096;
  private int payloadMax = PAYLOAD_MAX;
  private boolean structured;
  private long allocationContext = ExportInfo.NO_CONTEXT;

  /**
   * @param tls {@code null} if the URI does not ask for TLS
   */
  Negotiation(NbdUri uri, TlsContext tls, Connection connection) {
    this.uri = uri;
    this.tls = tls;
    this.connection = connection;
    this.options = new OptionHaggling(connection);
    this.name = uri.exportName().getBytes(StandardCharsets.UTF_8);
  }

  ExportInfo run() throws IOException {
    int serverFlags = greet();
    boolean noZeroes = (serverFlags & NbdHandshake.NO_ZEROES) != 0;
    if ((serverFlags & NbdHandshake.FIXED_NEWSTYLE) == 0) {
      if (tls != null) {
        throw new IOException("the server is too old for TLS; use nbd:// if that is acceptable");
      }
      exportName(noZeroes);
    } else {
      if (tls != null) {
        require(last(options.send(NbdOption.STARTTLS, NO_DATA)), "TLS");
        connection.startTls(tls);
      }
      structured = isAck(last(options.send(NbdOption.STRUCTURED_REPLY, NO_DATA)));
      if (structured) {
        chooseContext();
      }
      if (!go()) {
        exportName(noZeroes);
      }
    }
    return result();
  }

  private int greet() throws IOException {
    ByteBuffer greeting = read(NbdHandshake.GREETING_SIZE);
    long magic = greeting.getLong();
    long kind = greeting.getLong();
    if (magic != NbdHandshake.MAGIC) {
      throw new NbdProtocolException(
          "it begins with " + Long.toHexString(magic) + ", not NBDMAGIC");
    }
    if (kind == OLDSTYLE_MAGIC) {
      throw new IOException(
          "the server speaks the old-style handshake only, without exports' names");
    }
    if (kind != NbdHandshake.OPTION_MAGIC) {
      throw new NbdProtocolException("IHAVEOPT is " + Long.toHexString(kind));
    }
    int serverFlags = greeting.getShort();
    int answer = 0;
    if ((serverFlags & NbdHandshake.FIXED_NEWSTYLE) != 0) {
      answer |= NbdHandshake.CLIENT_FIXED_NEWSTYLE;
    }
    if ((serverFlags & NbdHandshake.NO_ZEROES) != 0) {
      answer |= NbdHandshake.CLIENT_NO_ZEROES;
    }
    connection.writeFully(
        ByteBuffer.allocate(NbdHandshake.CLIENT_FLAGS_SIZE).putInt(answer).flip());
    return serverFlags;
  }

  private void chooseContext() throws IOException {
    byte[] context = NbdContext.ALLOCATION.getBytes(StandardCharsets.UTF_8);
    ByteBuffer data =
        ByteBuffer.allocate(12 + name.length + context.length)
            .putInt(name.length)
            .put(name)
            .putInt(1)
            .putInt(context.length)
            .put(context)
            .flip();
    for (Reply reply : options.send(NbdOption.SET_META_CONTEXT, data)) {
      if (reply.type() == NbdOptionReply.META_CONTEXT) {
        allocationContext =
            Integer.toUnsignedLong(parsed(reply, ByteBuffer::getInt, "metadata context"));
      } else if (NbdOptionReply.isError(reply.type())) {
        allocationContext = ExportInfo.NO_CONTEXT;
      }
    }
  }

  /** Asks for transmission; false if the server does not know the option. */
  private boolean go() throws IOException {
    ByteBuffer data =
        ByteBuffer.allocate(8 + name.length)
            .putInt(name.length)
            .put(name)
            .putShort((short) 1)
            .putShort((short) NbdInfo.BLOCK_SIZE)
            .flip();
    List<Reply> replies = options.send(NbdOption.GO, data);
    Reply outcome = last(replies);
    if (outcome.type() == NbdOptionReply.ERR_UNSUPPORTED) {
      return false;
    }
    require(outcome, "export '" + uri.exportName() + "'");
    for (Reply reply : replies) {
      if (reply.type() == NbdOptionReply.INFO) {
        parsed(reply, this::learn, "information");
      }
    }
    if (size < 0) {
      throw new NbdProtocolException("it does not tell the size of the export");
    }
    return true;
  }

  private boolean learn(ByteBuffer info) {
    switch (info.getShort()) {
      case NbdInfo.EXPORT -> {
        size = info.getLong();
        flags = Short.toUnsignedInt(info.getShort());
      }
      case NbdInfo.BLOCK_SIZE -> {
        blockSizeMin = info.getInt();
        blockSizePreferred = info.getInt();
        int max = info.getInt();
        payloadMax = max < 0 ? PAYLOAD_MAX : Math.min(max, PAYLOAD_MAX);
      }
      default -> {
        return false; // names and descriptions for people
      }
    }
    return true;
  }

  private void exportName(boolean noZeroes) throws IOException {
    options.request(NbdOption.EXPORT_NAME, ByteBuffer.wrap(name));
    ByteBuffer reply;
    try {
      reply = read(10 + (noZeroes ? 0 : NbdHandshake.EXPORT_NAME_ZEROES));
    } catch (EOFException e) {
      throw new IOException(
          "the server closed the connection when it was asked for export '"
              + uri.exportName()
              + "'; it probably has none of this name",
          e);
    }
    size = reply.getLong();
    flags = Short.toUnsignedInt(reply.getShort());
  }

  private ExportInfo result() throws IOException {
    if (size < 0) {
      throw new NbdProtocolException(
          "the export has " + Long.toUnsignedString(size) + " bytes, 2^63 or more");
    }
    if ((flags & NbdExportFlags.HAS_FLAGS) == 0) {
      flags = 0;
    }
    if (blockSizeMin <= 0 || Integer.bitCount(blockSizeMin) != 1 || payloadMax < blockSizeMin) {
      throw new NbdProtocolException(
          "blocks of " + blockSizeMin + " bytes, at most " + payloadMax + " in one request");
    }
    return new ExportInfo(
        size, flags, blockSizeMin, blockSizePreferred, payloadMax, structured, allocationContext);
  }

  private void require(Reply outcome, String what) throws IOException {
    if (isAck(outcome)) {
      return;
    }
    String said = outcome.text().strip();
    String reason =
        switch (outcome.type()) {
          case NbdOptionReply.ERR_UNSUPPORTED -> "does not know it";
          case NbdOptionReply.ERR_POLICY -> "does not allow it";
          case NbdOptionReply.ERR_TLS_REQUIRED -> "demands TLS: use nbds:// or nbds+unix://";
          case NbdOptionReply.ERR_UNKNOWN -> "has no such export";
          case NbdOptionReply.ERR_SHUTDOWN -> "is ending";
          case NbdOptionReply.ERR_BLOCK_SIZE_REQUIRED -> "demands other block sizes";
          default -> "answers with error " + (outcome.type() & ~NbdOptionReply.ERROR);
        };
    try {
      options.request(NbdOption.ABORT, NO_DATA);
    } catch (IOException e) {
      throw new IOException(what + ": the server " + reason, e);
    }
    throw new IOException(
        what + ": the server " + reason + (said.isEmpty() ? "" : " (" + said + ")"));
  }

  private ByteBuffer read(int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    connection.readFully(bytes);
    return bytes.flip();
  }

  private static <T> T parsed(
      Reply reply, java.util.function.Function<ByteBuffer, T> parser, String what)
      throws NbdProtocolException {
    try {
      return parser.apply(reply.data());
    } catch (BufferUnderflowException e) {
      throw new NbdProtocolException("its " + what + " is too short");
    }
  }

  private static Reply last(List<Reply> replies) {
    return replies.get(replies.size() - 1);
  }

  private static boolean isAck(Reply reply) {
    return reply.type() == NbdOptionReply.ACK;
  }
}
