package io.clonedevice.examples.nbd.server;

import io.clonedevice.CloneDevice;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exports a clone device to NBD clients. Begins with {@link #listen}, ends with {@link #close}; the
 * device stays the caller's, to be closed after the server. Thread-safe.
 */
public final class NbdServer implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);

  /** How long clients may take to receive the replies to what is in flight at the end. */
  private static final long DRAIN_TIMEOUT_MS = 5_000;

  private static final long ACCEPT_PAUSE_NS = 100_000_000;
  private static final long HELPER_KEEP_ALIVE_SECONDS = 10;

  private final Export export;
  private final NbdServerOptions options;
  private final MemoryBudget budget;
  private final LargeBuffers largeBuffers;
  private final ServerCounters counters = new ServerCounters();
  private final ExecutorService helpers;
  private final ScheduledThreadPoolExecutor timer;
  private final AtomicLong accepted = new AtomicLong();

  // Guarded by this.
  private final Set<Connection> connections = new HashSet<>();
  private final List<Listener> listening = new ArrayList<>();
  private boolean closed;

  /**
   * Makes a server on which nobody can call yet.
   *
   * @param device open until the server is closed
   * @param options how to behave
   */
  public NbdServer(CloneDevice device, NbdServerOptions options) {
    this.export = new Export(device, options);
    this.options = options;
    long jvmMax = Runtime.getRuntime().maxMemory();
    this.budget = new MemoryBudget(Math.min(options.memoryMax(), jvmMax / 2));
    this.largeBuffers = new LargeBuffers(budget);
    // A helper that a client keeps waiting must not be missing to another one: no upper limit but
    // that a connection has one at a time to send, and one for each question that it may ask.
    this.helpers =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            HELPER_KEEP_ALIVE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            daemons("nbd-helper-"));
    this.timer = new ScheduledThreadPoolExecutor(1, daemons("nbd-timer-"));
    timer.setRemoveOnCancelPolicy(true);
  }

  /**
   * Begins to accept clients at an address; may be called for several.
   *
   * @param address a unix domain socket or a TCP address; port 0 for any free one
   * @return the address with the port
   * @throws IOException if it cannot be listened on
   * @throws IllegalStateException if the server is closed
   */
  public SocketAddress listen(SocketAddress address) throws IOException {
    Listener listener = Listener.on(address);
    listen(listener);
    return listener.address();
  }

  /**
   * Begins to accept clients; may be called for several.
   *
   * @param listener closed by this server, also when this fails
   * @throws IllegalStateException if the server is closed
   */
  public void listen(Listener listener) {
    synchronized (this) {
      if (closed) {
        closeListening(listener);
        throw new IllegalStateException("the server is closed; make another one");
      }
      listening.add(listener);
    }
    daemons("nbd-accept-").newThread(() -> accept(listener.channel(), listener.address())).start();
  }

  /**
   * Returns what the server does.
   *
   * @return the state now
   */
  public NbdServerStatus status() {
    int now;
    synchronized (this) {
      now = connections.size();
    }
    return new NbdServerStatus(
        now,
        accepted.get(),
        counters.requests.sum(),
        counters.errors.sum(),
        counters.bytesRead.sum(),
        counters.bytesWritten.sum());
  }

  /**
   * Stops: accepts nobody, takes no further requests, serves those that were received, and ends the
   * connections. A client that does not take its replies within 5 seconds loses them. Flushes
   * nothing: that is the device's part when it is closed.
   */
  @Override
  public void close() {
    List<Connection> open;
    synchronized (this) {
      closed = true;
      listening.forEach(NbdServer::closeListening);
      listening.clear();
      open = new ArrayList<>(connections);
    }
    open.forEach(Connection::stop);
    if (!awaitNoConnection(DRAIN_TIMEOUT_MS)) {
      synchronized (this) {
        LOG.warn("{} clients did not take their replies", connections.size());
        open = new ArrayList<>(connections);
      }
      open.forEach(Connection::abort);
      awaitNoConnection(DRAIN_TIMEOUT_MS);
    }
    helpers.shutdown();
    timer.shutdownNow();
  }

  private synchronized boolean awaitNoConnection(long timeoutMs) {
    long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    boolean interrupted = false;
    long leftNs = deadlineNs - System.nanoTime();
    while (!connections.isEmpty() && leftNs > 0) {
      try {
        TimeUnit.NANOSECONDS.timedWait(this, leftNs);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      leftNs = deadlineNs - System.nanoTime();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return connections.isEmpty();
  }

  // ---- accepting

  private void accept(ServerSocketChannel channel, SocketAddress address) {
    while (true) {
      try {
        begin(channel.accept(), address);
      } catch (AsynchronousCloseException e) {
        return;
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException | OutOfMemoryError e) {
        // Out of file descriptors or threads, most likely: those who are connected go on.
        LOG.warn("a client of {} could not be accepted: {}", address, e.getMessage());
        // Whoever holds descriptors or threads may give some back meanwhile.
        LockSupport.parkNanos(ACCEPT_PAUSE_NS);
      }
    }
  }

  private void begin(SocketChannel socket, SocketAddress address) throws IOException {
    long number = accepted.incrementAndGet();
    Connection connection = new Connection(this, socket, "client " + number + " of " + address);
    boolean welcome;
    synchronized (this) {
      welcome = !closed && connections.size() < options.connectionsMax();
      if (welcome) {
        connections.add(connection);
      }
    }
    if (!welcome) {
      LOG.warn("a client was turned away: {} are connected", options.connectionsMax());
      socket.close();
      return;
    }
    try {
      if (address instanceof InetSocketAddress) {
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
      }
      daemons("nbd-client-").newThread(connection).start();
    } catch (IOException | RuntimeException | Error e) {
      connection.abort();
      ended(connection);
      throw e;
    }
  }

  // ---- for connections

  Export export() {
    return export;
  }

  NbdServerOptions options() {
    return options;
  }

  Session newSession(Negotiated negotiated, Runnable abort) {
    return new Session(export, negotiated, budget, largeBuffers, helpers, counters, abort);
  }

  Future<?> abortAfterHandshakeTimeout(Connection connection) {
    return timer.schedule(
        connection::abort, options.handshakeTimeout().toMillis(), TimeUnit.MILLISECONDS);
  }

  synchronized void ended(Connection connection) {
    connections.remove(connection);
    notifyAll();
  }

  private static void closeListening(Listener listener) {
    try {
      listener.close();
    } catch (IOException e) {
      LOG.warn("a listening socket failed to close", e);
    }
  }

  private static ThreadFactory daemons(String prefix) {
    AtomicLong number = new AtomicLong();
    return task -> {
      Thread thread = Executors.defaultThreadFactory().newThread(task);
      thread.setName(prefix + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }
}
