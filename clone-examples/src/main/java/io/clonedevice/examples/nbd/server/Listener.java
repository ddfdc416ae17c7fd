package io.clonedevice.examples.nbd.server;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An address that is listened on, possibly before there is anything to serve: whoever connects
 * early waits. Thread-safe.
 */
public final class Listener implements Closeable {
  private final ServerSocketChannel channel;
  private final SocketAddress address;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Listener(ServerSocketChannel channel) throws IOException {
    this.channel = channel;
    this.address = channel.getLocalAddress();
  }

  /**
   * Listens.
   *
   * @param address a unix domain socket or a TCP address; port 0 for any free one
   * @return to be closed, by a server that it is given to or by the caller
   * @throws IOException if it cannot be listened on
   */
  public static Listener on(SocketAddress address) throws IOException {
    return new Listener(
        address instanceof UnixDomainSocketAddress unix
            ? UnixSocketFile.listen(unix.getPath())
            : listenTcp(address));
  }

  private static ServerSocketChannel listenTcp(SocketAddress address) throws IOException {
    if (address instanceof InetSocketAddress inet && inet.isUnresolved()) {
      throw new UnknownHostException(
          "cannot listen on " + inet.getHostString() + ": there is no host of that name");
    }
    ServerSocketChannel channel = ServerSocketChannel.open();
    boolean bound = false;
    try {
      channel
          .setOption(StandardSocketOptions.SO_REUSEADDR, true)
          .bind(address, UnixSocketFile.BACKLOG);
      bound = true;
      return channel;
    } catch (IOException e) {
      throw new IOException("cannot listen on " + address + ": " + e.getMessage(), e);
    } finally {
      if (!bound) {
        channel.close();
      }
    }
  }

  /**
   * Returns where.
   *
   * @return the address, with the port
   */
  public SocketAddress address() {
    return address;
  }

  /**
   * Returns what accepts clients.
   *
   * @return the channel; blocking, closed with this
   */
  public ServerSocketChannel channel() {
    return channel;
  }

  /** Accepts nobody any more and removes the file of a unix domain socket. */
  @Override
  public void close() throws IOException {
    // Once only: by the second time the file may be another server's.
    if (closed.compareAndSet(false, true)) {
      channel.close();
      if (address instanceof UnixDomainSocketAddress unix) {
        Files.deleteIfExists(unix.getPath());
      }
    }
  }
}
