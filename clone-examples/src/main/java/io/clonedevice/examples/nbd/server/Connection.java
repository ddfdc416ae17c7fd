package io.clonedevice.examples.nbd.server;

import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client, from being accepted to the end, on a thread of its own. */
final class Connection implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

  private final NbdServer server;
  private final SocketChannel socket;
  private final String name;

  // Set once, by the thread that closes the server; read by this connection's. Edge: volatile.
  private volatile boolean stopping;

  Connection(NbdServer server, SocketChannel socket, String name) {
    this.server = server;
    this.socket = socket;
    this.name = name;
  }

  @Override
  public void run() {
    try {
      serve();
    } catch (EOFException e) {
      LOG.debug("{}: {}", name, e.getMessage());
    } catch (ProtocolException e) {
      LOG.warn("{}: connection closed: {}", name, e.getMessage());
    } catch (IOException e) {
      LOG.debug("{}: connection lost", name, e);
    } catch (RuntimeException | Error e) {
      LOG.error("{}: connection ended unexpectedly", name, e);
    } finally {
      abort();
      server.ended(this);
    }
  }

  private void serve() throws IOException {
    Handshake handshake = new Handshake(socket, server.export(), server.options(), () -> stopping);
    Future<?> timeout = server.abortAfterHandshakeTimeout(this);
    Negotiated negotiated;
    try {
      negotiated = handshake.run();
    } catch (IOException | RuntimeException e) {
      closeTls(handshake.channel());
      throw e;
    } finally {
      timeout.cancel(false);
    }
    if (negotiated != null) {
      transmit(negotiated);
    }
    closeTls(handshake.channel());
  }

  private void transmit(Negotiated negotiated) throws IOException {
    Session session = server.newSession(negotiated, this::abort);
    boolean connected = false;
    try {
      new Transmission(session, negotiated).run();
      connected = true;
    } catch (IOException e) {
      // A TLS client whose input was shut down by the server did not say goodbye.
      connected = stopping;
      if (!stopping) {
        throw e;
      }
    } finally {
      session.end(connected);
    }
  }

  /** Says goodbye in TLS; the socket is closed in any case. */
  private void closeTls(ByteChannel channel) throws IOException {
    if (channel != socket) {
      channel.close();
    }
  }

  /** Takes no further requests; those that were received are served. Called by any thread. */
  void stop() {
    stopping = true;
    try {
      socket.shutdownInput();
    } catch (IOException e) {
      LOG.debug("{}: not connected any more", name, e);
    }
  }

  /** Ends the connection at once. Called by any thread. */
  void abort() {
    try {
      socket.close();
    } catch (IOException e) {
      LOG.debug("{}: close failed", name, e);
    }
  }
}
