package io.clonedevice.examples.nbd.server;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BufferPool;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Serves writes. What is expected not to wait is written by the reader straight from the bytes that
 * it received, a long write as they arrive; otherwise the data moves to a buffer of its own. Pieces
 * of long writes end where regions do, so that they cover whole regions.
 */
final class Writes {
  private static final int PIECE_SIZE = BufferPool.LARGE_SIZE;

  /**
   * Not less is written at once while it arrives: calls cost more than bytes below. Pieces end at
   * multiples of it, or of what fits: the page cache keeps what is written at once in folios that
   * lie at multiples of their size, and many small ones make later long writes dear.
   */
  private static final int ARRIVED_MIN = 64 << 10;

  private final Session session;
  private final RequestInput input;
  private final BlockStore blocking;
  private final Pace hydratedPace = Pace.patient();
  private final Pace unhydratedPace = Pace.eager();

  Writes(Session session) {
    this.session = session;
    this.input = session.input();
    this.blocking = session.export().blocking();
  }

  /** Serves a request whose range was checked and whose data comes next. */
  void serve(long cookie, long offset, int length, boolean durable) throws IOException {
    session.counters().bytesWritten.add(length);
    boolean hydrated = session.device().isHydrated(offset, length);
    Pace pace = hydrated ? hydratedPace : unhydratedPace;
    if (input.canHold(length)) {
      if (!input.await(length)) {
        throw new EOFException("the client ended the connection in the middle of a write");
      }
      ByteBuffer data = input.take(length);
      boolean inline = pace.isInline() && (!durable || session.isSerial());
      if (inline || !session.enter(length)) {
        writeNow(cookie, offset, data, durable, pace);
      } else {
        ByteBuffer copy = BufferPool.acquire(length).limit(length);
        writeAsync(cookie, offset, copy.put(data).flip(), durable);
      }
    } else if (pace.isInline() && (hydrated || session.device().regionSize() <= ARRIVED_MIN)) {
      writeAsItArrives(cookie, offset, length, durable, pace);
    } else if (length <= PIECE_SIZE && session.enter(length)) {
      writeAsync(cookie, offset, receive(length, length), durable);
    } else {
      writeInPieces(cookie, offset, length, durable);
    }
  }

  private void writeNow(long cookie, long offset, ByteBuffer data, boolean durable, Pace pace)
      throws IOException {
    if (durable) {
      session.output().send();
    }
    try {
      long startNs = System.nanoTime();
      if (durable) {
        blocking.writeDurably(offset, data);
      } else {
        blocking.write(offset, data);
        pace.took(System.nanoTime() - startNs);
      }
    } catch (IOException | RuntimeException e) {
      session.fail(cookie, e);
      return;
    }
    session.succeed(cookie);
  }

  /** The request has entered with the length of its data. */
  private void writeAsync(long cookie, long offset, ByteBuffer data, boolean durable) {
    long length = data.remaining();
    try {
      (durable ? session.device().writeDurably(offset, data) : session.device().write(offset, data))
          .whenComplete((done, failure) -> ended(cookie, data, length, failure));
    } catch (RuntimeException e) {
      ended(cookie, data, length, e);
    }
  }

  private void ended(long cookie, ByteBuffer data, long reserved, Throwable failure) {
    BufferPool.release(data);
    session.endLate(cookie, failure, reserved);
  }

  /** Receives data into a buffer from the pool; gives back what was reserved if that fails. */
  private ByteBuffer receive(int length, int reserved) throws IOException {
    ByteBuffer data = BufferPool.acquire(length).limit(length);
    try {
      input.readFully(data);
    } catch (IOException | RuntimeException | Error e) {
      BufferPool.release(data);
      session.leave(reserved);
      throw e;
    }
    return data.flip();
  }

  private void writeAsItArrives(long cookie, long offset, int length, boolean durable, Pace pace)
      throws IOException {
    Arrival arrival = new Arrival(offset);
    arrival.write(length);
    pace.took(arrival.slowestNs);
    written(cookie, durable, arrival.failure);
  }

  private void writeInPieces(long cookie, long offset, int length, boolean durable)
      throws IOException {
    Arrival arrival = new Arrival(offset);
    int left = length;
    while (left > 0) {
      int count = (int) Math.min(left, PIECE_SIZE - arrival.offset % PIECE_SIZE);
      if (session.enter(count)) {
        ByteBuffer data = receive(count, count);
        try {
          arrival.write(data);
        } finally {
          BufferPool.release(data);
          session.leave(count);
        }
      } else {
        arrival.write(count);
      }
      left -= count;
    }
    written(cookie, durable, arrival.failure);
  }

  /** All pieces of a request were written, but for those after a failure. */
  private void written(long cookie, boolean durable, Throwable failure) throws IOException {
    if (failure != null) {
      session.fail(cookie, failure);
    } else if (durable) {
      session.enter(0);
      session.replyWhenDone(cookie, session.device().flush());
    } else {
      session.succeed(cookie);
    }
  }

  /** Data of one request on its way from the client to the device; after a failure to nowhere. */
  private final class Arrival {
    private long offset;

    /** Of the pieces so far; the size of a request says nothing about the medium. */
    private long slowestNs;

    private Throwable failure;

    Arrival(long offset) {
      this.offset = offset;
    }

    /** Writes the next bytes as they arrive. */
    void write(int length) throws IOException {
      int left = length;
      while (left > 0) {
        int room = input.buffer().capacity() & -BufferPool.ALIGNMENT;
        int least = Math.min(left, Math.min(room, ARRIVED_MIN));
        if (!input.await(least)) {
          throw new EOFException("the client ended the connection in the middle of a write");
        }
        int count = Math.min(left, input.available());
        if (count < left) {
          int step = Math.min(ARRIVED_MIN, Integer.highestOneBit(count));
          count -= (int) ((offset + count) % step);
        }
        write(input.take(count));
        left -= count;
      }
    }

    void write(ByteBuffer data) {
      int length = data.remaining();
      long startNs = System.nanoTime();
      try {
        if (failure == null) {
          blocking.write(offset, data);
        }
      } catch (IOException | RuntimeException e) {
        failure = e;
      }
      slowestNs = Math.max(slowestNs, System.nanoTime() - startNs);
      offset += length;
    }
  }
}
