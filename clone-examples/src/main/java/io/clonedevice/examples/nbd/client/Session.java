package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One connection in transmission: its link's thread sends requests, a thread of its own reads the
 * replies. It is lost at the first failure of either, or when the watchdog says so, and never comes
 * back.
 */
final class Session {
  /** Requests whose headers are sent in one go. */
  static final int BATCH_MAX = 64;

  /** Below, a payload is copied behind its header: one call for many small writes. */
  private static final int SMALL_PAYLOAD_MAX = 8 << 10;

  private static final int SEND_BUFFER_SIZE = 64 << 10;

  private final StoreState store;
  private final Connection connection;
  private final ExportInfo info;
  private final long birth;
  private final InFlight inFlight;
  private final Thread reader;
  private final ByteBuffer toSend = ByteBuffer.allocateDirect(SEND_BUFFER_SIZE); // writing thread

  /**
   * The link's thread sets it before it looks for room, the reading thread looks at it after it has
   * made room: one of the two sees the other.
   */
  private volatile boolean waitsForRoom;

  /** Set by both threads, never reset; read by the link's thread when the other one has ended. */
  private boolean hasCompleted;

  /** Set once by whoever is first; read by all. */
  private final AtomicReference<Loss> loss = new AtomicReference<>();

  /** What happens to the requests in flight. */
  enum Outlook {
    /** The connection is gone, and so is what was on its way: all may be sent again. */
    REPLAY,
    /**
     * The server hangs: it may still carry out a change long after a newer one on another
     * connection, so only reads may be sent again.
     */
    REPLAY_READS,
    /** What the server says cannot be relied on. */
    FAIL
  }

  /**
   * Why a session was lost.
   *
   * @param cause for those whose requests fail
   * @param outlook what happens to the requests in flight
   */
  record Loss(IOException cause, Outlook outlook) {}

  Session(StoreState store, Connection connection, ExportInfo info, String name) {
    this.store = store;
    this.connection = connection;
    this.info = info;
    this.birth = store.ledger().born();
    this.inFlight = new InFlight(store.options().requestsInFlight());
    this.reader =
        store.newThread(
            () -> {
              try {
                new ReplyReader(this, connection).run();
              } catch (IOException e) {
                lose(e);
              } catch (RuntimeException | Error e) {
                lose(new IOException("the reading thread failed: " + e, e));
                throw e;
              }
            },
            name + "-replies");
  }

  void start() {
    reader.start();
  }

  ExportInfo info() {
    return info;
  }

  long birth() {
    return birth;
  }

  InFlight inFlight() {
    return inFlight;
  }

  /** Called by the queue; if there is no room, it is told when there is. */
  boolean hasRoom() {
    waitsForRoom = true;
    if (inFlight.isFull()) {
      return false;
    }
    waitsForRoom = false;
    return true;
  }

  boolean isLost() {
    return loss.get() != null;
  }

  /** Ends the session because of a failure; the first one counts. */
  void lose(IOException cause) {
    lose(new Loss(cause, cause instanceof NbdProtocolException ? Outlook.FAIL : Outlook.REPLAY));
  }

  void lose(Loss why) {
    if (loss.compareAndSet(null, why)) {
      connection.abort();
      store.queue().wakeLinks();
    }
  }

  /** Called by the queue for a request that this session's link has taken. */
  void begin(Request request) {
    request.prepare(store.nowNs(), store.ledger().newest());
    request.cookie = inFlight.add(request);
  }

  /** Sends requests that have begun; called by the writing thread. */
  void send(List<Request> batch) throws IOException {
    int whole = 0; // requests that are sent when toSend is
    for (int i = 0; i < batch.size(); i++) {
      Request request = batch.get(i);
      long payload = request.hasPayload() ? request.length : 0;
      boolean small = payload <= SMALL_PAYLOAD_MAX;
      if (toSend.remaining() < NbdRequest.SIZE + (small ? payload : 0)) {
        connection.writeFully(toSend.flip());
        toSend.clear();
        markSent(batch, whole, i);
        whole = i;
      }
      NbdRequest.put(
          toSend,
          request.command,
          request.flags,
          request.cookie,
          request.offset,
          (int) request.length);
      if (small && payload > 0) {
        toSend.put(request.buffer);
      } else if (!small) {
        connection.writeFully(toSend.flip(), request.buffer);
        toSend.clear();
        markSent(batch, whole, i + 1);
        whole = i + 1;
      }
    }
    connection.writeFully(toSend.flip());
    toSend.clear();
    markSent(batch, whole, batch.size());
  }

  private void markSent(List<Request> batch, int from, int to) {
    for (int i = from; i < to; i++) {
      Request request = batch.get(i);
      if (inFlight.markSent(request.cookie)) {
        finish(request);
      }
    }
  }

  /** The reply has come whole; called by the reading thread. */
  void replied(Request request) {
    if (inFlight.markReplied(request.cookie)) {
      if (waitsForRoom) {
        waitsForRoom = false;
        store.queue().wakeLinks();
      }
      finish(request);
    }
  }

  private void finish(Request request) {
    hasCompleted = true;
    IOException failure = request.error;
    if (failure == null && request.command == NbdCommand.FLUSH && birth > request.neededBirth) {
      failure =
          new IOException(
              "the connection was lost after changes had been acknowledged and before they were"
                  + " flushed; if the server was restarted they are lost too");
    }
    if (failure == null && request.isChange() && !request.isDurableChange()) {
      store.ledger().acknowledged(request.newestWhenSent);
    }
    store.complete(request, failure);
  }

  /** Takes leave of the server; called by the writing thread when nothing is in flight. */
  void disconnect() {
    try {
      ByteBuffer last = ByteBuffer.allocate(NbdRequest.SIZE);
      NbdRequest.put(last, NbdCommand.DISCONNECT, 0, 0, 0, 0);
      connection.writeFully(last.flip());
      connection.close();
    } catch (IOException e) {
      lose(e); // it was the last thing to say anyway
    }
  }

  /** Ends the session, if it is not lost, and waits until the reading thread has ended. */
  void end() {
    lose(new Loss(new IOException("the connection was closed"), Outlook.REPLAY));
    boolean interrupted = false;
    while (reader.isAlive()) {
      try {
        reader.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Why the session is over; called after {@link #end()}. */
  Loss loss() {
    return loss.get();
  }

  /** Whether a request was answered, well or not; called after {@link #end()}. */
  boolean hasCompleted() {
    return hasCompleted;
  }
}
