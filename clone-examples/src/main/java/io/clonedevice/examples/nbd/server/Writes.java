package io.clonedevice.examples.nbd.server;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BufferPool;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Serves writes. What is expected not to wait is written by the reader straight from the bytes that
 * it received; otherwise the data moves to a buffer of its own. Long writes go through in pieces
 * that end at multiples of the piece's size, so that they cover whole regions.
 */
final class Writes {
  private static final int PIECE_SIZE = BufferPool.LARGE_SIZE;

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
    Pace pace = session.device().isHydrated(offset, length) ? hydratedPace : unhydratedPace;
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

  private void writeInPieces(long cookie, long offset, int length, boolean durable)
      throws IOException {
    Throwable failure = null;
    int position = 0;
    while (position < length) {
      int count = pieceAt(offset + position, length - position);
      boolean buffered = session.enter(count);
      if (!buffered) {
        count = Math.min(count, input.buffer().capacity() & -BufferPool.ALIGNMENT);
        if (!input.await(count)) {
          throw new EOFException("the client ended the connection in the middle of a write");
        }
      }
      ByteBuffer data = buffered ? receive(count, count) : input.take(count);
      try {
        if (failure == null) {
          blocking.write(offset + position, data);
        }
      } catch (IOException | RuntimeException e) {
        failure = e;
      } finally {
        if (buffered) {
          BufferPool.release(data);
          session.leave(count);
        }
      }
      position += count;
    }
    if (failure != null) {
      session.fail(cookie, failure);
    } else if (durable) {
      session.enter(0);
      session.replyWhenDone(cookie, session.device().flush());
    } else {
      session.succeed(cookie);
    }
  }

  private static int pieceAt(long offset, int left) {
    return (int) Math.min(left, PIECE_SIZE - offset % PIECE_SIZE);
  }
}
