package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.tls.TlsChannel;
import io.clonedevice.examples.nbd.tls.TlsContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.SocketChannel;

/**
 * A socket to the server, with or without TLS above. One thread reads and one writes; any thread
 * may {@link #abort()}, which ends what the two are doing.
 */
final class Connection {
  private final NbdUri uri;
  private final SocketChannel socket;
  private ByteChannel channel; // set before the reading thread is started
  private GatheringByteChannel output; // the same channel

  private Connection(NbdUri uri, SocketChannel socket) {
    this.uri = uri;
    this.socket = socket;
    this.channel = socket;
    this.output = socket;
  }

  /** Makes a socket that is not connected, so that it can be aborted from the beginning. */
  static Connection of(NbdUri uri) throws IOException {
    SocketChannel socket =
        uri.socket() != null
            ? SocketChannel.open(StandardProtocolFamily.UNIX)
            : SocketChannel.open();
    return new Connection(uri, socket);
  }

  void connect() throws IOException {
    try {
      socket.connect(address());
      if (uri.socket() == null) {
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
      }
    } catch (UnknownHostException e) {
      throw new IOException("host " + e.getMessage() + " is unknown", e);
    }
  }

  private SocketAddress address() throws UnknownHostException {
    if (uri.socket() != null) {
      return UnixDomainSocketAddress.of(uri.socket());
    }
    InetSocketAddress address = new InetSocketAddress(uri.host(), uri.port());
    if (address.isUnresolved()) {
      throw new UnknownHostException(uri.host());
    }
    return address;
  }

  void startTls(TlsContext context) throws IOException {
    TlsChannel secured = context.connect(socket, uri.tlsHostName());
    channel = secured;
    output = secured;
  }

  void readFully(ByteBuffer target) throws IOException {
    Wire.readFully(channel, target);
  }

  /** Reads at least one byte; -1 at the end. */
  int read(ByteBuffer target) throws IOException {
    return channel.read(target);
  }

  void writeFully(ByteBuffer source) throws IOException {
    Wire.writeFully(output, source);
  }

  void writeFully(ByteBuffer header, ByteBuffer data) throws IOException {
    Wire.writeFully(output, header, data);
  }

  /** Ends the connection in order; called by the writing thread. */
  void close() throws IOException {
    channel.close();
  }

  /** Ends the connection at once. */
  void abort() {
    try {
      socket.close();
    } catch (IOException e) {
      // The descriptor is given back nevertheless; there is nobody left to tell.
      assert !socket.isOpen() : e;
    }
  }
}
