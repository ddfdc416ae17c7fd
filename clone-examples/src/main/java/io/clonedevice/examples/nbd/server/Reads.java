package io.clonedevice.examples.nbd.server;

import io.clonedevice.store.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Serves reads. What is expected to be in memory is read by the reader straight into the batch of
 * replies; what may wait for a medium is read asynchronously into a buffer of its own.
 */
final class Reads {
  private static final int ASYNC_SIZE_MAX = BufferPool.LARGE_SIZE;

  private final Session session;
  private final ReplyCodec codec;
  private final ReplyOutput output;
  private final Pace hydratedPace = Pace.eager();
  private final Pace unhydratedPace = Pace.eager();

  Reads(Session session) {
    this.session = session;
    this.codec = session.codec();
    this.output = session.output();
  }

  /** Serves a request whose range was checked. */
  void serve(long cookie, long offset, int length, boolean unfragmented) throws IOException {
    session.counters().bytesRead.add(length);
    Pace pace = session.device().isHydrated(offset, length) ? hydratedPace : unhydratedPace;
    boolean inline = pace.isInline();
    int size = codec.readHeaderSize() + length;
    boolean mayFit = size <= LargeBuffers.SIZE;
    if (inline && mayFit && output.tryMakeRoom(size)) {
      readWhole(cookie, offset, length, pace);
    } else if (codec.isStructured() && !unfragmented) {
      if (inline || !readAsync(cookie, offset, length)) {
        readInChunks(cookie, offset, length, pace, true);
      }
    } else if (length > ASYNC_SIZE_MAX || !readAsync(cookie, offset, length)) {
      readAsStream(cookie, offset, length);
    }
  }

  private void readWhole(long cookie, long offset, int length, Pace pace) throws IOException {
    ByteBuffer batch = output.batch().buffer();
    int at = batch.position() + codec.readHeaderSize();
    try {
      readTimed(offset, output.batch().view(at, at + length), pace);
    } catch (IOException | RuntimeException e) {
      session.fail(cookie, e);
      return;
    }
    codec.putReadHeader(batch, cookie, offset, length, true);
    batch.position(at + length);
    session.batched();
  }

  private void readTimed(long offset, ByteBuffer target, Pace pace) throws IOException {
    long startNs = System.nanoTime();
    session.export().blocking().read(offset, target);
    pace.took(System.nanoTime() - startNs);
  }

  /** Through the batch, chunk by chunk; ends the reply if {@code done}. */
  private void readInChunks(long cookie, long offset, int length, Pace pace, boolean done)
      throws IOException {
    output.tryMakeRoom(LargeBuffers.SIZE);
    output.send();
    ByteBuffer batch = output.batch().buffer();
    int header = codec.readHeaderSize();
    int step = wholeBlocks(batch.capacity() - header);
    int position = 0;
    while (position < length) {
      int count = Math.min(step, length - position);
      boolean last = done && position + count == length;
      try {
        readTimed(offset + position, output.batch().view(header, header + count), pace);
      } catch (IOException | RuntimeException e) {
        session.counters().errors.increment();
        output.send(errorAt(cookie, e, offset + position, done));
        return;
      }
      codec.putReadHeader(batch, cookie, offset + position, count, last);
      batch.position(header + count);
      output.send();
      position += count;
    }
  }

  /**
   * One header, then the data as it is read: what must not be fragmented, and long reads without
   * chunks. A failure ends the connection where the protocol has no other way to tell it.
   */
  private void readAsStream(long cookie, long offset, int length) throws IOException {
    ByteBuffer header = codec.readHeader(cookie, offset, length, false);
    output.tryMakeRoom(LargeBuffers.SIZE);
    output.send(header);
    ByteBuffer batch = output.batch().buffer();
    int step = wholeBlocks(batch.capacity());
    IOException failure = null;
    int failedAt = 0;
    for (int position = 0; position < length; position += step) {
      int count = Math.min(step, length - position);
      if (failure == null) {
        try {
          session.export().blocking().read(offset + position, output.batch().view(0, count));
        } catch (IOException e) {
          if (!codec.isStructured()) {
            throw e;
          }
          failure = e;
          failedAt = position;
        }
      }
      if (failure != null) {
        ByteBuffer padding = output.batch().view(0, count);
        while (padding.hasRemaining()) {
          padding.put((byte) 0);
        }
      }
      batch.position(count);
      output.send();
    }
    if (failure != null) {
      session.counters().errors.increment();
      output.send(errorAt(cookie, failure, offset + failedAt, true));
    } else if (codec.isStructured()) {
      output.send(ReplyCodec.readEnd(cookie));
    }
  }

  private static int wholeBlocks(int size) {
    return size & -BufferPool.ALIGNMENT;
  }

  private static ByteBuffer errorAt(long cookie, Throwable failure, long offset, boolean done) {
    return ReplyCodec.errorAt(
        cookie, Failures.errorOf(failure), Failures.messageOf(failure), offset, done);
  }

  /** Starts an asynchronous read, in parts if it is long; false if there is no memory for it. */
  private boolean readAsync(long cookie, long offset, int length) throws IOException {
    if (length <= ASYNC_SIZE_MAX) {
      ByteBuffer data = session.tryEnterWithBuffer(length);
      if (data == null) {
        return false;
      }
      start(offset, data, failure -> endWhole(cookie, offset, data, failure));
      return true;
    }
    // This entry is for the end of the reply, each part has one of its own.
    session.enter(0);
    AtomicInteger left = new AtomicInteger((length - 1) / ASYNC_SIZE_MAX + 1);
    try {
      for (int position = 0; position < length; position += ASYNC_SIZE_MAX) {
        int count = Math.min(ASYNC_SIZE_MAX, length - position);
        readPart(cookie, offset + position, count, left);
      }
    } catch (IOException | RuntimeException | Error e) {
      // The connection ends: the parts that were not begun will never end.
      session.leave(0);
      throw e;
    }
    return true;
  }

  private void readPart(long cookie, long offset, int length, AtomicInteger left)
      throws IOException {
    ByteBuffer data = session.tryEnterWithBuffer(length);
    if (data != null) {
      start(offset, data, failure -> endPart(cookie, offset, data, failure, left));
    } else {
      readInChunks(cookie, offset, length, unhydratedPace, false);
      partEnded(cookie, left);
    }
  }

  private void start(long offset, ByteBuffer data, Consumer<Throwable> end) {
    try {
      session.device().read(offset, data).whenComplete((done, failure) -> end.accept(failure));
    } catch (RuntimeException e) {
      end.accept(e);
    }
  }

  private void endWhole(long cookie, long offset, ByteBuffer data, Throwable failure) {
    int length = data.limit();
    ByteBuffer header =
        failure == null
            ? codec.readHeader(cookie, offset, length, true)
            : session.lateError(cookie, failure);
    output.leave(new LateReply(header, withOutcome(data, failure), data.capacity()));
  }

  private void endPart(
      long cookie, long offset, ByteBuffer data, Throwable failure, AtomicInteger left) {
    int length = data.limit();
    ByteBuffer header;
    if (failure == null) {
      header = codec.readHeader(cookie, offset, length, false);
    } else {
      session.counters().errors.increment();
      header = errorAt(cookie, failure, offset, false);
    }
    output.leave(new LateReply(header, withOutcome(data, failure), data.capacity()));
    partEnded(cookie, left);
  }

  /** Called after the part's chunk was left to be sent, so the end comes after all of them. */
  private void partEnded(long cookie, AtomicInteger left) {
    if (left.decrementAndGet() == 0) {
      output.leave(new LateReply(ReplyCodec.readEnd(cookie), null, 0));
    }
  }

  private static ByteBuffer withOutcome(ByteBuffer data, Throwable failure) {
    return failure == null ? data.position(0) : data.position(data.limit());
  }
}
