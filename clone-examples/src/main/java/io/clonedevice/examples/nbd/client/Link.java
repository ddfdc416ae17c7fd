package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.client.Session.Loss;
import io.clonedevice.examples.nbd.client.Session.Outlook;
import io.clonedevice.examples.nbd.tls.TlsContext;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One of a store's connections, for the life of the store: connects, sends what the queue has, and
 * when the session is lost connects again. All of it on the link's own thread.
 */
final class Link {
  private final StoreState store;
  private final NbdUri uri;
  private final TlsContext tls;
  private final Backoff backoff;
  private final Thread thread;

  /** What the first session of the store agreed on; the later ones must be like it. */
  private final CompletableFuture<ExportInfo> first;

  // Written by the link's thread, read by the watchdog and by whoever closes.
  private volatile Connection connecting;
  private volatile long connectingSinceNs;
  private volatile Session session;

  /**
   * @param first completed by this link if it is not complete yet
   */
  Link(
      StoreState store,
      NbdUri uri,
      TlsContext tls,
      CompletableFuture<ExportInfo> first,
      String name) {
    this.store = store;
    this.uri = uri;
    this.tls = tls;
    this.first = first;
    this.backoff = new Backoff(store.options().reconnectDelayMaxNs(), store.newRandom());
    this.thread = store.newThread(this::run, name);
  }

  void start() {
    thread.start();
  }

  private void run() {
    while (!store.queue().isClosed()) {
      Throwable failure = attempt();
      if (failure == null) {
        backoff.reset();
        continue;
      }
      store.connectFailure().set(failure);
      if (first.completeExceptionally(failure) || !store.queue().pause(backoff.nextDelayNs())) {
        return;
      }
    }
  }

  /**
   * Connects and serves until the session is over; returns why nothing came of it, {@code null} if
   * it was of use. That the handshake succeeds is not enough: a server that is ending, or whose
   * disk is gone, may still greet everyone. That a session lasted longer than the longest pause is,
   * also if there was nothing to ask. An {@link Error}, such as no memory for a thread, may pass
   * and is a failed attempt too: if it ended this thread, the link would be gone for good.
   */
  private Throwable attempt() {
    try {
      Session fresh = connect();
      long sinceNs = store.nowNs();
      serve(fresh);
      boolean lasted = store.nowNs() - sinceNs >= store.options().reconnectDelayMaxNs();
      return lasted || fresh.hasCompleted() ? null : fresh.loss().cause();
    } catch (Throwable e) {
      return e;
    }
  }

  private Session connect() throws IOException {
    Connection connection = Connection.of(uri);
    try {
      connectingSinceNs = store.nowNs();
      connecting = connection;
      if (store.queue().isClosed()) {
        throw new ClosedChannelException();
      }
      connection.connect();
      ExportInfo info = new Negotiation(uri, tls, connection).run();
      if (!first.complete(info)) {
        requireLike(info);
      }
      return new Session(store, connection, info, thread.getName());
    } catch (Throwable e) {
      connection.abort();
      throw new IOException(uri + ": " + reason(e), e);
    } finally {
      connecting = null;
    }
  }

  private void requireLike(ExportInfo info) throws IOException {
    if (!info.isLike(first.join())) {
      throw new IOException(
          "the export is not what it was: "
              + info
              + ", it was "
              + first.join()
              + "; close the store and open it again");
    }
  }

  private String reason(Throwable e) {
    if (e instanceof java.nio.channels.AsynchronousCloseException) {
      return "no connection within "
          + store.options().connectTimeoutNs() / 1_000_000
          + " ms, or the store was closed";
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private void serve(Session fresh) {
    session = fresh;
    List<Request> batch = new ArrayList<>();
    try {
      fresh.start();
      store.queue().add(fresh);
      while (store.queue().take(fresh, batch, Session.BATCH_MAX)) {
        fresh.send(batch);
        batch.clear();
      }
      if (!fresh.isLost()) {
        fresh.disconnect();
      }
    } catch (IOException e) {
      fresh.lose(e);
    } catch (RuntimeException | Error e) {
      fresh.lose(new IOException("the writing thread failed: " + e, e));
      throw e;
    } finally {
      fresh.end();
      store.queue().remove(fresh);
      recover(fresh.inFlight().drain(), fresh.loss());
      session = null;
    }
  }

  /** Nobody works on these requests any more: they are sent again, or fail. */
  private void recover(List<Request> lost, Loss loss) {
    boolean closed = store.queue().isClosed();
    long now = store.nowNs();
    List<Request> again = new ArrayList<>();
    for (Request request : lost) {
      boolean old = now - request.submittedNs >= store.options().patienceNs();
      if (closed) {
        store.complete(request, new ClosedChannelException());
      } else if (old
          || loss.outlook() == Outlook.FAIL
          || (loss.outlook() == Outlook.REPLAY_READS && request.isChange())) {
        store.complete(request, loss.cause());
      } else {
        again.add(request);
      }
    }
    store.queue().resubmit(again);
  }

  /** Called by the watchdog: ends what has taken too long. */
  void check(long nowNs) {
    Connection attempt = connecting;
    if (attempt != null && nowNs - connectingSinceNs > store.options().connectTimeoutNs()) {
      attempt.abort();
    }
    Session current = session;
    Request oldest = current == null ? null : current.inFlight().oldest();
    if (oldest != null && nowNs - oldest.sentNs > store.options().requestTimeoutNs()) {
      current.lose(
          new Loss(
              new IOException(
                  "no reply within "
                      + store.options().requestTimeoutNs() / 1_000_000
                      + " ms; the connection was dropped"),
              Outlook.REPLAY_READS));
    }
  }

  /** Ends the thread after the queue was closed; waits {@code patienceMs} before it is cut off. */
  void end(long patienceMs) {
    boolean interrupted = !join(patienceMs);
    while (thread.isAlive()) {
      Connection attempt = connecting;
      if (attempt != null) {
        attempt.abort();
      }
      Session current = session;
      if (current != null) {
        current.lose(new IOException("the store was closed"));
      }
      interrupted |= !join(patienceMs);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns false if the waiting was interrupted. */
  private boolean join(long ms) {
    try {
      thread.join(ms);
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }
}
