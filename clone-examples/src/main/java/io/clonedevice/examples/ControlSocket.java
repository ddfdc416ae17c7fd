package io.clonedevice.examples;

import io.clonedevice.examples.nbd.server.Listener;
import java.io.Closeable;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets other processes control a running one: a unix domain socket on which each connection is one
 * question and its answer (see {@link ControlMessage}).
 *
 * <p>Why this form. Who may control is who may open the file, which is its owner's alone (mode
 * 0600), so there is no port that others on the machine can reach and no secret to keep. The words
 * are dm-clone's messages, so scripts for {@code dmsetup message} carry over. It is lines of text,
 * so {@code socat - UNIX:PATH} will do where this program is not at hand. It is not in NBD, whose
 * clients are the users of the disk and must not be its administrators.
 */
final class ControlSocket implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(ControlSocket.class);

  private static final long ACCEPT_PAUSE_NS = 100_000_000;

  private final Listener listener;
  private final Handler handler;

  /** Answers a question. */
  interface Handler {
    /**
     * Answers a question.
     *
     * @param question one line
     * @return lines, each of them ended
     * @throws IllegalArgumentException if the question is none
     * @throws IOException if what was asked for could not be done
     */
    String answer(String question) throws IOException;
  }

  /** Serves whoever connects to the listener, which is closed with this. */
  ControlSocket(Listener listener, Handler handler) {
    this.listener = listener;
    this.handler = handler;
    daemon(this::accept, "clone-control").start();
  }

  /** Listens for the owner of this process only. */
  static Listener listen(Path path) throws IOException {
    Listener listener = Listener.on(UnixDomainSocketAddress.of(path));
    try {
      restrictToOwner(listener);
      return listener;
    } catch (IOException | RuntimeException | Error e) {
      listener.close();
      throw e;
    }
  }

  /** Turns away whoever connected while the umask alone said who may. */
  static void restrictToOwner(Listener listener) throws IOException {
    Path path = ((UnixDomainSocketAddress) listener.address()).getPath();
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    ServerSocketChannel channel = listener.channel();
    channel.configureBlocking(false);
    SocketChannel early = channel.accept();
    while (early != null) {
      early.close();
      early = channel.accept();
    }
    channel.configureBlocking(true);
  }

  private void accept() {
    while (true) {
      try {
        begin(listener.channel().accept());
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException | OutOfMemoryError e) {
        // Out of file descriptors or threads, most likely: whoever has them may give some back.
        LOG.warn("a client of {} could not be accepted: {}", listener.address(), e.getMessage());
        LockSupport.parkNanos(ACCEPT_PAUSE_NS);
      }
    }
  }

  private void begin(SocketChannel client) throws IOException {
    try {
      daemon(() -> serve(client), "clone-control-client").start();
    } catch (RuntimeException | Error e) {
      client.close();
      throw e;
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      String question = ControlMessage.receiveQuestion(client);
      String answer;
      try {
        answer = ControlMessage.ok(handler.answer(question));
      } catch (IllegalArgumentException e) {
        answer = ControlMessage.error(e.getMessage());
      } catch (IOException e) {
        answer = ControlMessage.failed(Errors.describe(e));
      } catch (RuntimeException e) {
        LOG.warn("'{}' failed", question, e);
        answer = ControlMessage.failed(Errors.describe(e));
      }
      ControlMessage.send(client, answer);
    } catch (IOException e) {
      LOG.debug("a client of the control socket went away", e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }
}
