package io.clonedevice.examples.nbd.server;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdError;
import io.clonedevice.examples.nbd.NbdHandshake;
import io.clonedevice.examples.nbd.NbdOption;
import io.clonedevice.examples.nbd.NbdOptionReply;
import io.clonedevice.examples.nbd.NbdReply;
import io.clonedevice.examples.nbd.NbdRequest;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A client that sends whatever a test wants, right or wrong, and shows what comes back. */
final class RawClient implements AutoCloseable {
  private final SocketChannel channel;
  private long nextCookie = 0x1000;

  RawClient(Path socket) throws IOException {
    channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(socket));
  }

  /** A reply to an option. */
  record OptionReply(int option, int type, byte[] data) {
    ByteBuffer buffer() {
      return ByteBuffer.wrap(data);
    }

    String text() {
      return new String(data, StandardCharsets.UTF_8);
    }
  }

  /** A simple reply, or a chunk. */
  record Reply(long cookie, boolean isChunk, int flags, int type, int error, byte[] payload) {
    boolean isDone() {
      return !isChunk || (flags & NbdReply.FLAG_DONE) != 0;
    }

    ByteBuffer buffer() {
      return ByteBuffer.wrap(payload);
    }

    /** The error that it tells, null if none. */
    NbdError nbdError() {
      int code = isChunk && (type & NbdReply.ERROR_BIT) != 0 ? buffer().getInt() : error;
      return code == 0 ? null : NbdError.of(code);
    }
  }

  // ---- handshake

  /** Receives the greeting and answers it. */
  RawClient greet(int clientFlags) throws IOException {
    ByteBuffer greeting = receive(NbdHandshake.GREETING_SIZE);
    if (greeting.getLong() != NbdHandshake.MAGIC
        || greeting.getLong() != NbdHandshake.OPTION_MAGIC) {
      throw new IOException("no greeting of NBD");
    }
    send(ByteBuffer.allocate(4).putInt(clientFlags).flip());
    return this;
  }

  RawClient greet() throws IOException {
    return greet(NbdHandshake.CLIENT_FIXED_NEWSTYLE | NbdHandshake.CLIENT_NO_ZEROES);
  }

  void sendOption(int option, byte[] data) throws IOException {
    ByteBuffer message = ByteBuffer.allocate(NbdOption.HEADER_SIZE + data.length);
    NbdOption.putHeader(message, option, data.length);
    send(message.put(data).flip());
  }

  /** Sends an option and receives all replies to it. */
  List<OptionReply> option(int option, byte... data) throws IOException {
    sendOption(option, data);
    List<OptionReply> replies = new ArrayList<>();
    OptionReply reply;
    do {
      ByteBuffer header = receive(NbdOptionReply.HEADER_SIZE);
      if (header.getLong() != NbdOptionReply.MAGIC) {
        throw new IOException("no reply to an option");
      }
      int about = header.getInt();
      int type = header.getInt();
      reply = new OptionReply(about, type, receive(header.getInt()).array());
      replies.add(reply);
    } while (reply.type() != NbdOptionReply.ACK && !NbdOptionReply.isError(reply.type()));
    return replies;
  }

  /** Sends an option and returns the type of the last reply. */
  int optionType(int option, byte... data) throws IOException {
    List<OptionReply> replies = option(option, data);
    return replies.get(replies.size() - 1).type();
  }

  /** Data of INFO and GO. */
  static byte[] infoData(String export, int... types) {
    byte[] name = export.getBytes(StandardCharsets.UTF_8);
    ByteBuffer data = ByteBuffer.allocate(4 + name.length + 2 + 2 * types.length);
    data.putInt(name.length).put(name).putShort((short) types.length);
    for (int type : types) {
      data.putShort((short) type);
    }
    return data.array();
  }

  /** Data of LIST_META_CONTEXT and SET_META_CONTEXT. */
  static byte[] contextData(String export, String... queries) {
    byte[] name = export.getBytes(StandardCharsets.UTF_8);
    ByteBuffer data = ByteBuffer.allocate(4096);
    data.putInt(name.length).put(name).putInt(queries.length);
    for (String query : queries) {
      byte[] bytes = query.getBytes(StandardCharsets.UTF_8);
      data.putInt(bytes.length).put(bytes);
    }
    byte[] used = new byte[data.position()];
    data.flip().get(used);
    return used;
  }

  /** Goes through the handshake. */
  RawClient go(boolean structured, String... contexts) throws IOException {
    greet();
    if (structured) {
      requireAck(optionType(NbdOption.STRUCTURED_REPLY));
    }
    if (contexts.length > 0) {
      requireAck(optionType(NbdOption.SET_META_CONTEXT, contextData("", contexts)));
    }
    requireAck(optionType(NbdOption.GO, infoData("")));
    return this;
  }

  private static void requireAck(int type) throws IOException {
    if (type != NbdOptionReply.ACK) {
      throw new IOException("option refused: 0x" + Integer.toHexString(type));
    }
  }

  // ---- transmission

  /** Sends a request; returns its cookie. */
  long request(int command, int flags, long offset, int length) throws IOException {
    return request(command, flags, offset, length, new byte[0]);
  }

  long request(int command, int flags, long offset, int length, byte[] data) throws IOException {
    ByteBuffer message = ByteBuffer.allocate(NbdRequest.SIZE + data.length);
    NbdRequest.put(message, command, flags, nextCookie, offset, length);
    send(message.put(data).flip());
    return nextCookie++;
  }

  /** Receives a reply; the data of a simple one is as long as given. */
  Reply reply(int dataLength) throws IOException {
    ByteBuffer header = receive(NbdReply.SIMPLE_SIZE);
    int magic = header.getInt();
    if (magic == NbdReply.SIMPLE_MAGIC) {
      int error = header.getInt();
      long cookie = header.getLong();
      return new Reply(cookie, false, 0, 0, error, receive(error == 0 ? dataLength : 0).array());
    }
    if (magic != NbdReply.CHUNK_MAGIC) {
      throw new IOException("no reply: 0x" + Integer.toHexString(magic));
    }
    int flags = header.getShort();
    int type = Short.toUnsignedInt(header.getShort());
    long cookie = header.getLong();
    return new Reply(cookie, true, flags, type, 0, receive(receive(4).getInt()).array());
  }

  /** Asks for something without data in the reply, and returns the error, null if none. */
  NbdError ask(int command, int flags, long offset, int length, byte... data) throws IOException {
    long cookie = request(command, flags, offset, length, data);
    Reply reply = reply(0);
    if (reply.cookie() != cookie || !reply.isDone()) {
      throw new IOException("another reply: " + reply);
    }
    return reply.nbdError();
  }

  NbdError write(long offset, byte[] data) throws IOException {
    return ask(NbdCommand.WRITE, 0, offset, data.length, data);
  }

  /** Reads, whatever the form of the replies, and checks that each byte comes once. */
  byte[] read(long offset, int length) throws IOException {
    return read(offset, length, 0);
  }

  byte[] read(long offset, int length, int flags) throws IOException {
    long cookie = request(NbdCommand.READ, flags, offset, length);
    byte[] data = new byte[length];
    int received = 0;
    Reply reply;
    do {
      reply = reply(length);
      if (reply.cookie() != cookie || reply.nbdError() != null) {
        throw new IOException("read failed: " + reply.nbdError());
      }
      if (!reply.isChunk()) {
        return reply.payload();
      }
      if (reply.type() == NbdReply.OFFSET_DATA) {
        ByteBuffer payload = reply.buffer();
        int at = (int) (payload.getLong() - offset);
        int count = payload.remaining();
        payload.get(data, at, count);
        received += count;
      }
    } while (!reply.isDone());
    if (received != length) {
      throw new IOException(received + " of " + length + " bytes came");
    }
    return data;
  }

  // ---- bytes

  void send(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  ByteBuffer receive(int size) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(size);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw new EOFException("the server closed the connection");
      }
    }
    return bytes.flip();
  }

  /** Whether the server has closed the connection; waits for that or for bytes. */
  boolean isClosedByServer() {
    try {
      return channel.read(ByteBuffer.allocate(1)) < 0;
    } catch (IOException reset) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
