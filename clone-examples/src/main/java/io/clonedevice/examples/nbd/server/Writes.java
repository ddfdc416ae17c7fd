package io.clonedevice.examples.nbd.server;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BufferPool;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Serves writes. What is expected not to wait is written by the reader straight from the bytes that
 * it received, and so is what is too long or finds no memory; all else moves to a buffer of its
 * own.
 */
final class Writes {
  /**
   * Pieces of a write that is longer end at multiples of it, or of the power of two that fits, so
   * that they cover whole regions of up to that size and whole folios of the page cache.
   */
  private static final int PIECE_SIZE = BufferPool.LARGE_SIZE;

  /** A longer write that moves to a buffer of its own is received into it, not copied. */
  private static final int COPIED_MAX = 256 << 10;

  /** Bytes that take long only if the medium waits. */
  private static final int PACED_SIZE = 512 << 10;

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
    boolean inline = pace.isInline();
    if (length <= (inline ? PIECE_SIZE : COPIED_MAX) && input.canHold(length)) {
      ByteBuffer data = receiveInPlace(length);
      boolean now = inline && (!durable || session.isSerial());
      ByteBuffer copy = now ? null : session.tryEnterWithBuffer(length);
      if (copy == null) {
        writeNow(cookie, offset, data, durable, pace);
      } else {
        writeAsync(cookie, offset, copy.put(data).flip(), durable);
      }
    } else {
      boolean mayMove = !inline && length <= PIECE_SIZE;
      ByteBuffer data = mayMove ? session.tryEnterWithBuffer(length) : null;
      if (data == null) {
        writeInPieces(cookie, offset, length, durable, pace);
      } else {
        receive(data);
        writeAsync(cookie, offset, data.flip(), durable);
      }
    }
  }

  private void writeNow(long cookie, long offset, ByteBuffer data, boolean durable, Pace pace)
      throws IOException {
    if (durable) {
      session.output().send();
    }
    int length = data.remaining();
    try {
      long startNs = System.nanoTime();
      if (durable) {
        blocking.writeDurably(offset, data);
      } else {
        blocking.write(offset, data);
        pace.took(pacedNs(startNs, length));
      }
    } catch (IOException | RuntimeException e) {
      session.fail(cookie, e);
      return;
    }
    session.succeed(cookie);
  }

  private void writeAsync(long cookie, long offset, ByteBuffer data, boolean durable) {
    try {
      (durable ? session.device().writeDurably(offset, data) : session.device().write(offset, data))
          .whenComplete((done, failure) -> ended(cookie, data, failure));
    } catch (RuntimeException e) {
      ended(cookie, data, e);
    }
  }

  private void ended(long cookie, ByteBuffer data, Throwable failure) {
    BufferPool.release(data);
    session.endLate(cookie, failure, data.capacity());
  }

  private void receive(ByteBuffer data) throws IOException {
    try {
      input.readFully(data);
    } catch (IOException | RuntimeException | Error e) {
      BufferPool.release(data);
      session.leave(data.capacity());
      throw e;
    }
  }

  private void writeInPieces(long cookie, long offset, int length, boolean durable, Pace pace)
      throws IOException {
    int pieceSize = input.canHold(PIECE_SIZE) ? PIECE_SIZE : input.capacity();
    long end = offset + length;
    long slowestNs = 0;
    Throwable failure = null;
    int count;
    for (long position = offset; position < end; position += count) {
      count = (int) Math.min(end - position, pieceSize - position % pieceSize);
      ByteBuffer data = receiveInPlace(count);
      if (failure == null) {
        long startNs = System.nanoTime();
        try {
          blocking.write(position, data);
        } catch (IOException | RuntimeException e) {
          failure = e;
        }
        slowestNs = Math.max(slowestNs, pacedNs(startNs, count));
      }
    }
    pace.took(slowestNs);
    written(cookie, durable, failure);
  }

  /** Waits for the next bytes; the view on them is valid until the next call. */
  private ByteBuffer receiveInPlace(int length) throws IOException {
    if (!input.await(length)) {
      throw new EOFException("the client ended the connection in the middle of a write");
    }
    return input.take(length);
  }

  /** The size of a request says nothing about the medium: what a paced size of it took. */
  private static long pacedNs(long startNs, int length) {
    return (System.nanoTime() - startNs) / Math.max(1, length / PACED_SIZE);
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
}
