package io.clonedevice.examples.nbd.server;

import io.clonedevice.examples.nbd.NbdHandshake;
import io.clonedevice.examples.nbd.NbdInfo;
import io.clonedevice.examples.nbd.NbdOption;
import io.clonedevice.examples.nbd.NbdOptionReply;
import io.clonedevice.examples.nbd.server.OptionData.ContextRequest;
import io.clonedevice.examples.nbd.server.OptionData.InfoRequest;
import io.clonedevice.examples.nbd.server.OptionData.RefusedException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * The fixed newstyle handshake of one connection, on its thread.
 *
 * <p>Reads exactly what it needs, so that the first bytes of TLS or of transmission stay in the
 * channel. A client that breaks the protocol gets a {@link ProtocolException}, that is, its
 * connection is closed; an option that is merely unknown or wrong gets an error reply.
 */
final class Handshake {
  /** Clients send a handful. */
  private static final int OPTIONS_MAX = 64;

  /** The largest sensible option has a name and some queries. */
  private static final int DATA_SIZE_MAX = 64 << 10;

  private static final int DEFAULT_BLOCK_SIZE = 512;

  private final Export export;
  private final NbdServerOptions options;
  private final BooleanSupplier stopping;
  private final ByteBuffer header = ByteBuffer.allocate(NbdOption.HEADER_SIZE);

  private ByteChannel channel;
  private boolean tls;
  private boolean noZeroes;
  private boolean structuredReplies;
  private Set<MetaContext> contexts = EnumSet.noneOf(MetaContext.class);

  Handshake(
      ByteChannel channel, Export export, NbdServerOptions options, BooleanSupplier stopping) {
    this.channel = channel;
    this.export = export;
    this.options = options;
    this.stopping = stopping;
  }

  /**
   * Runs the handshake.
   *
   * @return what was agreed on, or {@code null} if the client ended the session
   * @throws ProtocolException if the client broke the protocol
   * @throws IOException if the connection failed
   */
  Negotiated run() throws IOException {
    greet();
    for (int count = 0; count < OPTIONS_MAX; count++) {
      receive(NbdOption.HEADER_SIZE);
      if (header.getLong() != NbdHandshake.OPTION_MAGIC) {
        throw new ProtocolException("an option does not begin with IHAVEOPT");
      }
      int option = header.getInt();
      ByteBuffer data = receiveData(option, header.getInt());
      switch (option) {
        case NbdOption.ABORT -> {
          reply(option, NbdOptionReply.ACK);
          return null;
        }
        case NbdOption.EXPORT_NAME -> {
          exportName(data);
          return agreed();
        }
        default -> {
          if (answer(option, data)) {
            return agreed();
          }
        }
      }
    }
    throw new ProtocolException("more than " + OPTIONS_MAX + " options");
  }

  /** The connection as it is now, TLS or not. */
  ByteChannel channel() {
    return channel;
  }

  private Negotiated agreed() {
    return new Negotiated(channel, structuredReplies, contexts);
  }

  private void greet() throws IOException {
    ByteBuffer greeting = ByteBuffer.allocate(NbdHandshake.GREETING_SIZE);
    int flags = NbdHandshake.FIXED_NEWSTYLE | NbdHandshake.NO_ZEROES;
    greeting.putLong(NbdHandshake.MAGIC).putLong(NbdHandshake.OPTION_MAGIC);
    send(greeting.putShort((short) flags));
    receive(NbdHandshake.CLIENT_FLAGS_SIZE);
    int answer = header.getInt();
    if ((answer & ~(NbdHandshake.CLIENT_FIXED_NEWSTYLE | NbdHandshake.CLIENT_NO_ZEROES)) != 0) {
      throw new ProtocolException("unknown client flags 0x" + Integer.toHexString(answer));
    }
    noZeroes = (answer & NbdHandshake.CLIENT_NO_ZEROES) != 0;
  }

  private ByteBuffer receiveData(int option, int size) throws IOException {
    if (size < 0 || size > DATA_SIZE_MAX) {
      throw new ProtocolException(
          "option " + option + " with " + Integer.toUnsignedString(size) + " bytes of data");
    }
    ByteBuffer data = ByteBuffer.allocate(size);
    Channels.readFully(channel, data);
    return data.flip();
  }

  /** The one option that cannot be refused with a reply. */
  private void exportName(ByteBuffer data) throws IOException {
    if (isTlsMissing()) {
      throw new ProtocolException("export asked for without TLS");
    }
    try {
      requireExport(OptionData.string(data, data.remaining()));
    } catch (RefusedException e) {
      throw new ProtocolException(e.getMessage());
    }
    ByteBuffer answer = ByteBuffer.allocate(8 + 2 + NbdHandshake.EXPORT_NAME_ZEROES);
    answer.putLong(export.size()).putShort((short) export.flags(structuredReplies));
    send(noZeroes ? answer : answer.position(answer.capacity()));
  }

  /** Answers an option; returns whether transmission begins. */
  private boolean answer(int option, ByteBuffer data) throws IOException {
    try {
      if (stopping.getAsBoolean()) {
        throw new RefusedException(NbdOptionReply.ERR_SHUTDOWN, "the server is ending");
      }
      if (isTlsMissing() && option != NbdOption.STARTTLS) {
        throw new RefusedException(NbdOptionReply.ERR_TLS_REQUIRED, "begin TLS first");
      }
      switch (option) {
        case NbdOption.LIST -> list(data);
        case NbdOption.STARTTLS -> startTls(data);
        case NbdOption.INFO, NbdOption.GO -> info(option, OptionData.info(data));
        case NbdOption.STRUCTURED_REPLY -> {
          OptionData.requireEnd(data);
          structuredReplies = true;
          reply(option, NbdOptionReply.ACK);
        }
        case NbdOption.LIST_META_CONTEXT -> contexts(option, OptionData.contexts(data));
        case NbdOption.SET_META_CONTEXT -> {
          contexts = EnumSet.noneOf(MetaContext.class);
          contexts = contexts(option, OptionData.contexts(data));
        }
        default ->
            throw new RefusedException(
                NbdOptionReply.ERR_UNSUPPORTED,
                "option " + Integer.toUnsignedString(option) + " is unknown");
      }
      return option == NbdOption.GO;
    } catch (RefusedException e) {
      reply(option, e.replyType(), utf8(e.getMessage()));
      return false;
    }
  }

  private boolean isTlsMissing() {
    return options.isTlsRequired() && !tls;
  }

  private void list(ByteBuffer data) throws IOException, RefusedException {
    OptionData.requireEnd(data);
    ByteBuffer name = utf8(options.exportName());
    ByteBuffer description = utf8(options.description());
    reply(
        NbdOption.LIST,
        NbdOptionReply.SERVER,
        ByteBuffer.allocate(4 + name.remaining() + description.remaining())
            .putInt(name.remaining())
            .put(name)
            .put(description)
            .flip());
    reply(NbdOption.LIST, NbdOptionReply.ACK);
  }

  private void startTls(ByteBuffer data) throws IOException, RefusedException {
    OptionData.requireEnd(data);
    if (options.tls() == null) {
      throw new RefusedException(NbdOptionReply.ERR_POLICY, "this server has no TLS");
    }
    if (tls) {
      throw OptionData.invalid("TLS is on already");
    }
    reply(NbdOption.STARTTLS, NbdOptionReply.ACK);
    channel = options.tls().upgrade(channel);
    tls = true;
    // What was said before TLS may have been somebody else's words.
    structuredReplies = false;
    contexts = EnumSet.noneOf(MetaContext.class);
  }

  private void info(int option, InfoRequest request) throws IOException, RefusedException {
    requireExport(request.export());
    boolean wantsBlockSize = request.types().contains(NbdInfo.BLOCK_SIZE);
    if (export.blockSize() > DEFAULT_BLOCK_SIZE && !wantsBlockSize) {
      throw new RefusedException(
          NbdOptionReply.ERR_BLOCK_SIZE_REQUIRED,
          "this export has blocks of " + export.blockSize() + " bytes; ask for the block size");
    }
    reply(
        option,
        NbdOptionReply.INFO,
        ByteBuffer.allocate(NbdInfo.EXPORT_SIZE)
            .putShort((short) NbdInfo.EXPORT)
            .putLong(export.size())
            .putShort((short) export.flags(structuredReplies))
            .flip());
    if (request.types().contains(NbdInfo.NAME)) {
      reply(option, NbdOptionReply.INFO, text(NbdInfo.NAME, options.exportName()));
    }
    if (request.types().contains(NbdInfo.DESCRIPTION) && !options.description().isEmpty()) {
      reply(option, NbdOptionReply.INFO, text(NbdInfo.DESCRIPTION, options.description()));
    }
    if (wantsBlockSize) {
      reply(
          option,
          NbdOptionReply.INFO,
          ByteBuffer.allocate(NbdInfo.BLOCK_SIZE_SIZE)
              .putShort((short) NbdInfo.BLOCK_SIZE)
              .putInt(export.blockSize())
              .putInt(export.preferredBlockSize())
              .putInt(Export.PAYLOAD_MAX)
              .flip());
    }
    reply(option, NbdOptionReply.ACK);
  }

  private Set<MetaContext> contexts(int option, ContextRequest request)
      throws IOException, RefusedException {
    if (!structuredReplies) {
      throw OptionData.invalid("metadata contexts need structured replies; ask for those first");
    }
    requireExport(request.export());
    boolean listing = option == NbdOption.LIST_META_CONTEXT;
    Set<MetaContext> found = EnumSet.noneOf(MetaContext.class);
    for (MetaContext context : MetaContext.all()) {
      if ((listing && request.queries().isEmpty())
          || request.queries().stream().anyMatch(query -> context.matches(query, listing))) {
        found.add(context);
      }
    }
    for (MetaContext context : found) {
      ByteBuffer name = utf8(context.contextName());
      reply(
          option,
          NbdOptionReply.META_CONTEXT,
          ByteBuffer.allocate(4 + name.remaining())
              .putInt(listing ? 0 : context.id())
              .put(name)
              .flip());
    }
    reply(option, NbdOptionReply.ACK);
    return found;
  }

  private void requireExport(String name) throws RefusedException {
    if (!name.equals(options.exportName())) {
      throw new RefusedException(NbdOptionReply.ERR_UNKNOWN, "there is no such export");
    }
  }

  private static ByteBuffer text(int type, String text) {
    ByteBuffer bytes = utf8(text);
    return ByteBuffer.allocate(2 + bytes.remaining()).putShort((short) type).put(bytes).flip();
  }

  private static ByteBuffer utf8(String text) {
    return StandardCharsets.UTF_8.encode(text);
  }

  private void reply(int option, int type) throws IOException {
    reply(option, type, ByteBuffer.allocate(0));
  }

  private void reply(int option, int type, ByteBuffer data) throws IOException {
    ByteBuffer reply = ByteBuffer.allocate(NbdOptionReply.HEADER_SIZE + data.remaining());
    NbdOptionReply.putHeader(reply, option, type, data.remaining());
    send(reply.put(data));
  }

  private void send(ByteBuffer message) throws IOException {
    Channels.writeFully(channel, message.flip());
  }

  private void receive(int size) throws IOException {
    Channels.readFully(channel, header.clear().limit(size));
    header.flip();
  }
}
