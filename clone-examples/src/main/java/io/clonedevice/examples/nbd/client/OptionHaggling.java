package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.NbdOption;
import io.clonedevice.examples.nbd.NbdOptionReply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Sends options and collects the replies to each. */
final class OptionHaggling {
  /** Most bytes of one reply that are taken: what we ask for is far shorter. */
  private static final int REPLY_SIZE_MAX = 64 << 10;

  /** Most replies to one option: we ask for three pieces of information and one context. */
  private static final int REPLY_COUNT_MAX = 1000;

  private final Connection connection;

  OptionHaggling(Connection connection) {
    this.connection = connection;
  }

  /**
   * One reply.
   *
   * @param type of {@link NbdOptionReply}
   * @param data what came with it
   */
  record Reply(int type, ByteBuffer data) {
    String text() {
      return StandardCharsets.UTF_8.decode(data.duplicate()).toString();
    }
  }

  /** Sends an option; returns its replies, of which the last one is an ACK or an error. */
  List<Reply> send(int option, ByteBuffer data) throws IOException {
    request(option, data);
    List<Reply> replies = new ArrayList<>();
    while (true) {
      Reply reply = receive(option);
      replies.add(reply);
      if (reply.type() == NbdOptionReply.ACK || NbdOptionReply.isError(reply.type())) {
        return replies;
      }
      if (replies.size() > REPLY_COUNT_MAX) {
        throw new NbdProtocolException("option " + option + " has endless replies");
      }
    }
  }

  /** Sends an option without waiting for a reply. */
  void request(int option, ByteBuffer data) throws IOException {
    ByteBuffer request = ByteBuffer.allocate(NbdOption.HEADER_SIZE + data.remaining());
    NbdOption.putHeader(request, option, data.remaining());
    connection.writeFully(request.put(data).flip());
  }

  private Reply receive(int option) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(NbdOptionReply.HEADER_SIZE);
    connection.readFully(header);
    header.flip();
    long magic = header.getLong();
    if (magic != NbdOptionReply.MAGIC) {
      throw new NbdProtocolException(
          "the reply to option " + option + " begins with " + Long.toHexString(magic));
    }
    int repliedTo = header.getInt();
    if (repliedTo != option) {
      throw new NbdProtocolException(
          "the reply to option " + option + " is one to option " + repliedTo);
    }
    int type = header.getInt();
    int length = header.getInt();
    if (length < 0 || length > REPLY_SIZE_MAX) {
      throw new NbdProtocolException(
          "the reply to option "
              + option
              + " has "
              + Integer.toUnsignedString(length)
              + " bytes, more than "
              + REPLY_SIZE_MAX);
    }
    ByteBuffer data = ByteBuffer.allocate(length);
    connection.readFully(data);
    return new Reply(type, data.flip());
  }
}
