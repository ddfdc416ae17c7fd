package io.clonedevice.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file served by NBD with the fewest calls that Java can make and nothing in between: what of an
 * export's time is the JVM's and the kernel's. It checks nothing and answers what fio asks for:
 * reads, writes and flushes, one thread a connection. Serves until it is killed.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.BareNbdServer FILE SOCKET
 * </pre>
 *
 * @see <a href="https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md">The
 *     protocol</a>
 */
public final class BareNbdServer {
  private static final long NBD_MAGIC = 0x4e42444d41474943L;
  private static final long OPTION_MAGIC = 0x49484156454F5054L;
  private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
  private static final int REPLY_MAGIC = 0x67446698;
  private static final short FIXED_NEWSTYLE_NO_ZEROES = 3;
  private static final short HAS_FLAGS_FLUSH_FUA = 1 | 4 | 8;

  private static final int OPTION_EXPORT_NAME = 1;
  private static final int OPTION_ABORT = 2;
  private static final int OPTION_INFO = 6;
  private static final int OPTION_GO = 7;
  private static final int REPLY_ACKNOWLEDGED = 1;
  private static final int REPLY_INFO = 3;
  private static final int REPLY_UNSUPPORTED = 0x80000001;

  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int FLUSH = 3;
  private static final int COMMAND_FUA = 1;

  private static final int REQUEST_BYTES = 28;
  private static final int REPLY_BYTES = 16;
  private static final int LENGTH_MAX = 1 << 20;

  private final FileChannel file;
  private final SocketChannel client;
  private final ByteBuffer in = ByteBuffer.allocateDirect(2 * LENGTH_MAX).limit(0);
  private final ByteBuffer out = ByteBuffer.allocateDirect(LENGTH_MAX + REPLY_BYTES);

  private BareNbdServer(FileChannel file, SocketChannel client) {
    this.file = file;
    this.client = client;
  }

  /**
   * Serves.
   *
   * @param args file, path of the socket, which is made
   */
  public static void main(String[] args) throws IOException {
    FileChannel file =
        FileChannel.open(Path.of(args[0]), StandardOpenOption.READ, StandardOpenOption.WRITE);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(args[1]));
    while (true) {
      BareNbdServer connection = new BareNbdServer(file, server.accept());
      new Thread(connection::serve).start();
    }
  }

  private void serve() {
    try (client) {
      boolean goesOn = negotiate();
      while (goesOn) {
        goesOn = answer();
      }
    } catch (EOFException e) {
      // The client has gone.
    } catch (IOException e) {
      System.err.println(e);
    }
  }

  private boolean negotiate() throws IOException {
    ByteBuffer hello = ByteBuffer.allocate(18);
    hello.putLong(NBD_MAGIC).putLong(OPTION_MAGIC).putShort(FIXED_NEWSTYLE_NO_ZEROES);
    send(hello.flip());
    receive(Integer.BYTES).getInt();
    while (true) {
      receive(16).getLong();
      int option = in.getInt();
      int length = in.getInt();
      receive(length);
      in.position(in.position() + length);
      ByteBuffer export = ByteBuffer.allocate(12).putShort((short) 0);
      export.putLong(file.size()).putShort(HAS_FLAGS_FLUSH_FUA).flip();
      if (option == OPTION_EXPORT_NAME) {
        send(export.position(Short.BYTES));
        return true;
      } else if (option == OPTION_INFO || option == OPTION_GO) {
        reply(option, REPLY_INFO, export);
        reply(option, REPLY_ACKNOWLEDGED, ByteBuffer.allocate(0));
        if (option == OPTION_GO) {
          return true;
        }
      } else if (option == OPTION_ABORT) {
        reply(option, REPLY_ACKNOWLEDGED, ByteBuffer.allocate(0));
        return false;
      } else {
        reply(option, REPLY_UNSUPPORTED, ByteBuffer.allocate(0));
      }
    }
  }

  private void reply(int option, int type, ByteBuffer data) throws IOException {
    ByteBuffer reply = ByteBuffer.allocate(20 + data.remaining());
    reply.putLong(OPTION_REPLY_MAGIC).putInt(option).putInt(type);
    send(reply.putInt(data.remaining()).put(data).flip());
  }

  /** A method of its own, so that it is compiled soon. */
  private boolean answer() throws IOException {
    receive(REQUEST_BYTES).getInt();
    int flags = in.getShort();
    int type = in.getShort();
    long cookie = in.getLong();
    long offset = in.getLong();
    int length = in.getInt();
    out.clear().putInt(REPLY_MAGIC).putInt(0).putLong(cookie);
    if (type == READ) {
      out.limit(REPLY_BYTES + length);
      while (out.hasRemaining()) {
        if (file.read(out, offset + out.position() - REPLY_BYTES) < 0) {
          throw new IOException("read of " + length + " bytes at " + offset + " passes the end");
        }
      }
    } else if (type == WRITE) {
      write(offset, length);
    } else if (type != FLUSH) {
      return false;
    }
    if (type == FLUSH || (flags & COMMAND_FUA) != 0) {
      file.force(false);
    }
    send(out.flip());
    return true;
  }

  /** As it arrives: received whole first, it would have left the processor's cache. */
  private void write(long offset, int length) throws IOException {
    long at = offset;
    int left = length;
    while (left > 0) {
      if (!in.hasRemaining()) {
        receive(Math.min(left, 192 << 10));
      }
      int end = in.limit();
      in.limit(Math.min(end, in.position() + left));
      while (in.hasRemaining()) {
        int count = file.write(in, at);
        at += count;
        left -= count;
      }
      in.limit(end);
    }
  }

  /** Returns what was received, at least that many bytes. */
  private ByteBuffer receive(int bytes) throws IOException {
    if (in.remaining() < bytes) {
      in.compact();
      while (in.position() < bytes) {
        if (client.read(in) < 0) {
          throw new EOFException();
        }
      }
      in.flip();
    }
    return in;
  }

  private void send(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      client.write(bytes);
    }
  }
}
