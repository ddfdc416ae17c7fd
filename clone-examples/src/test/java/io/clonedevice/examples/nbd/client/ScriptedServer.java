package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdContext;
import io.clonedevice.examples.nbd.NbdExportFlags;
import io.clonedevice.examples.nbd.NbdHandshake;
import io.clonedevice.examples.nbd.NbdInfo;
import io.clonedevice.examples.nbd.NbdOption;
import io.clonedevice.examples.nbd.NbdOptionReply;
import io.clonedevice.examples.nbd.NbdReply;
import io.clonedevice.examples.nbd.NbdRequest;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A server that does on each connection what a test says, right or wrong. Its export reads as bytes
 * that tell their offset.
 */
final class ScriptedServer implements AutoCloseable {
  static final int SIZE = 1 << 20;
  static final int CONTEXT = 7;
  static final int ALL_FLAGS =
      NbdExportFlags.HAS_FLAGS
          | NbdExportFlags.SEND_FLUSH
          | NbdExportFlags.SEND_FUA
          | NbdExportFlags.SEND_TRIM;

  private final Path socket;
  private final int flags;
  private final boolean structured;
  private final int size;
  private final ServerSocketChannel listener;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<SocketChannel> accepted = new CopyOnWriteArrayList<>();

  /** What is done on the connection with an index, from 0. */
  interface Script {
    void serve(Peer peer, int connection) throws Exception;
  }

  ScriptedServer(Path directory, int flags, boolean structured, Script script) throws IOException {
    this(directory, flags, structured, script, SIZE);
  }

  ScriptedServer(Path directory, int flags, boolean structured, Script script, int size)
      throws IOException {
    this.size = size;
    this.socket = directory.resolve("scripted");
    this.flags = flags;
    this.structured = structured;
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket));
    threads.execute(() -> accept(script));
  }

  private void accept(Script script) {
    while (listener.isOpen()) {
      try {
        SocketChannel channel = listener.accept();
        int index = accepted.size();
        accepted.add(channel);
        threads.execute(
            () -> {
              try (channel) {
                script.serve(new Peer(channel), index);
              } catch (Exception e) {
                // The client went away, or the test is over: nothing that the script could do.
                assert e != null;
              }
            });
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  NbdUri uri() {
    return NbdUri.parse("nbd+unix:///disk?socket=" + socket);
  }

  int connectionCount() {
    return accepted.size();
  }

  /** What the export holds. */
  static byte[] content(long offset, int length) {
    byte[] content = new byte[length];
    for (int i = 0; i < length; i++) {
      content[i] = (byte) ((offset + i) >>> 9);
    }
    return content;
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (SocketChannel channel : accepted) {
      channel.close();
    }
    threads.shutdownNow();
  }

  /** A request of the client. */
  record Asked(int command, int flags, long cookie, long offset, int length) {}

  /** The server's end of a connection. */
  final class Peer {
    private final SocketChannel channel;

    private Peer(SocketChannel channel) {
      this.channel = channel;
    }

    /** Goes through the whole handshake. */
    void handshake() throws IOException {
      greet();
      while (true) {
        ByteBuffer option = read(NbdOption.HEADER_SIZE);
        option.getLong();
        int code = option.getInt();
        read(option.getInt());
        switch (code) {
          case NbdOption.STRUCTURED_REPLY ->
              reply(code, structured ? NbdOptionReply.ACK : NbdOptionReply.ERR_UNSUPPORTED);
          case NbdOption.SET_META_CONTEXT -> {
            byte[] name = NbdContext.ALLOCATION.getBytes(StandardCharsets.UTF_8);
            reply(
                code,
                NbdOptionReply.META_CONTEXT,
                ByteBuffer.allocate(4 + name.length).putInt(CONTEXT).put(name).array());
            reply(code, NbdOptionReply.ACK);
          }
          case NbdOption.GO -> {
            reply(code, NbdOptionReply.INFO, exportInfo(size));
            reply(code, NbdOptionReply.ACK);
            return;
          }
          default -> reply(code, NbdOptionReply.ERR_UNSUPPORTED);
        }
      }
    }

    byte[] exportInfo(long bytes) {
      return ByteBuffer.allocate(NbdInfo.EXPORT_SIZE)
          .putShort((short) NbdInfo.EXPORT)
          .putLong(bytes)
          .putShort((short) flags)
          .array();
    }

    void greet() throws IOException {
      write(
          ByteBuffer.allocate(NbdHandshake.GREETING_SIZE)
              .putLong(NbdHandshake.MAGIC)
              .putLong(NbdHandshake.OPTION_MAGIC)
              .putShort((short) NbdHandshake.FIXED_NEWSTYLE));
      read(NbdHandshake.CLIENT_FLAGS_SIZE);
    }

    void reply(int option, int type, byte... data) throws IOException {
      ByteBuffer reply = ByteBuffer.allocate(NbdOptionReply.HEADER_SIZE + data.length);
      NbdOptionReply.putHeader(reply, option, type, data.length);
      write(reply.put(data));
    }

    /** The next request, and what it carries. */
    Asked next() throws IOException {
      ByteBuffer request = read(NbdRequest.SIZE);
      Asked asked =
          new Asked(
              NbdRequest.command(request, 0),
              NbdRequest.flags(request, 0),
              NbdRequest.cookie(request, 0),
              NbdRequest.offset(request, 0),
              (int) NbdRequest.length(request, 0));
      if (asked.command() == NbdCommand.WRITE) {
        read(asked.length());
      }
      if (asked.command() == NbdCommand.DISCONNECT) {
        throw new ClosedChannelException();
      }
      return asked;
    }

    /** Answers as it should. */
    void answer(Asked asked) throws IOException {
      if (asked.command() != NbdCommand.READ) {
        simple(0, asked.cookie());
      } else if (structured) {
        chunk(NbdReply.FLAG_DONE, NbdReply.OFFSET_DATA, asked.cookie(), data(asked));
      } else {
        simple(0, asked.cookie(), content(asked.offset(), asked.length()));
      }
    }

    /** Answers everything as it should until the client takes leave. */
    void behave() throws IOException {
      handshake();
      while (true) {
        answer(next());
      }
    }

    /** The payload of a chunk with all the data of a read. */
    byte[] data(Asked asked) {
      return ByteBuffer.allocate(8 + asked.length())
          .putLong(asked.offset())
          .put(content(asked.offset(), asked.length()))
          .array();
    }

    synchronized void simple(int error, long cookie, byte... data) throws IOException {
      ByteBuffer reply = ByteBuffer.allocate(NbdReply.SIMPLE_SIZE + data.length);
      NbdReply.putSimple(reply, error, cookie);
      write(reply.put(data));
    }

    void chunk(int chunkFlags, int type, long cookie, byte... payload) throws IOException {
      chunkHeader(chunkFlags, type, cookie, payload.length);
      write(ByteBuffer.wrap(payload).position(payload.length));
    }

    void chunkHeader(int chunkFlags, int type, long cookie, int length) throws IOException {
      ByteBuffer header = ByteBuffer.allocate(NbdReply.CHUNK_SIZE);
      NbdReply.putChunk(header, chunkFlags, type, cookie, length);
      write(header);
    }

    /** Writes what a buffer holds before its position. */
    void write(ByteBuffer bytes) throws IOException {
      Wire.writeFully(channel, bytes.flip());
    }

    ByteBuffer read(int length) throws IOException {
      ByteBuffer bytes = ByteBuffer.allocate(length);
      Wire.readFully(channel, bytes);
      return bytes.flip();
    }

    /** Says nothing more until the client goes. */
    void hang() throws IOException {
      try {
        while (true) {
          read(1);
        }
      } catch (EOFException e) {
        return;
      }
    }
  }
}
