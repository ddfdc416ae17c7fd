package io.clonedevice.examples.nbd.server;

import io.clonedevice.CloneDevice;
import io.clonedevice.examples.nbd.NbdError;
import io.clonedevice.examples.nbd.NbdReply;
import io.clonedevice.store.BufferPool;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** What the requests of one connection share. The reader's, but for the methods that say late. */
final class Session {
  /** Sent at the latest when so much is ready: the client may as well begin with it. */
  private static final int BATCH_SIZE = 64 << 10;

  /** After so many requests that had the connection for themselves it counts as serial. */
  private static final int ALONE_MIN = 64;

  private final Export export;
  private final ReplyCodec codec;
  private final RequestInput input;
  private final ReplyOutput output;
  private final InFlight inFlight;
  private final Executor helpers;
  private final ServerCounters counters;
  private int aloneInRow = ALONE_MIN;

  Session(
      Export export,
      Negotiated negotiated,
      MemoryBudget budget,
      LargeBuffers largeBuffers,
      Executor helpers,
      ServerCounters counters,
      Runnable abort) {
    this.export = export;
    this.codec = new ReplyCodec(negotiated.structuredReplies());
    this.inFlight = new InFlight(budget);
    this.output = new ReplyOutput(negotiated.channel(), largeBuffers, inFlight, helpers, abort);
    this.input = new RequestInput(negotiated.channel(), largeBuffers, output::beforeWaiting);
    this.helpers = helpers;
    this.counters = counters;
  }

  Export export() {
    return export;
  }

  CloneDevice device() {
    return export.device();
  }

  ReplyCodec codec() {
    return codec;
  }

  RequestInput input() {
    return input;
  }

  ReplyOutput output() {
    return output;
  }

  ServerCounters counters() {
    return counters;
  }

  Executor helpers() {
    return helpers;
  }

  /** Notes after each request whether another one was there at the same time. */
  void requestServed() {
    aloneInRow = input.available() == 0 && inFlight.isEmpty() ? aloneInRow + 1 : 0;
  }

  /**
   * Whether the client waits for each reply before it asks again, so that a request which takes
   * long keeps nobody waiting who could overtake it.
   */
  boolean isSerial() {
    return aloneInRow >= ALONE_MIN && input.available() == 0 && inFlight.isEmpty();
  }

  // ---- replies of the reader

  void succeed(long cookie) throws IOException {
    output.tryMakeRoom(NbdReply.SIMPLE_SIZE);
    NbdReply.putSimple(output.batch().buffer(), 0, cookie);
    batched();
  }

  void fail(long cookie, NbdError error, String message) throws IOException {
    counters.errors.increment();
    ByteBuffer reply = codec.error(cookie, error, message);
    output.tryMakeRoom(reply.remaining());
    output.batch().buffer().put(reply);
    batched();
  }

  void fail(long cookie, Throwable failure) throws IOException {
    fail(cookie, Failures.errorOf(failure), Failures.messageOf(failure));
  }

  /** Something was put into the batch. */
  void batched() throws IOException {
    if (output.batch().buffer().position() >= BATCH_SIZE) {
      output.send();
    }
  }

  // ---- asynchronous requests

  /** Begins one; false if there is no memory for it, so that it must be served here and now. */
  boolean enter(long size) throws IOException {
    if (inFlight.tryEnter(size)) {
      return true;
    }
    output.send();
    try {
      return inFlight.enter(size);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while requests were in flight");
    }
  }

  /**
   * Begins one with a buffer for its data, whose capacity it has entered with.
   *
   * @return {@code null} if there is no memory for it, so that it must be served here and now
   */
  ByteBuffer tryEnterWithBuffer(int length) throws IOException {
    int capacity = BufferPool.capacityFor(length);
    if (!enter(capacity)) {
      return null;
    }
    try {
      return BufferPool.acquire(length).limit(length);
    } catch (OutOfMemoryError e) {
      // Direct memory is the whole program's; the budget is not all that takes of it.
      leave(capacity);
      return null;
    }
  }

  /** Ends one that came to nothing before it began. */
  void leave(long size) {
    inFlight.leave(size);
  }

  /** Replies when a future completes, which has entered with nothing. */
  void replyWhenDone(long cookie, CompletableFuture<Void> future) {
    future.whenComplete((done, failure) -> endLate(cookie, failure, 0));
  }

  /** Leaves the last reply of a request without data; any thread. */
  void endLate(long cookie, Throwable failure, long reserved) {
    output.leave(
        new LateReply(
            failure == null ? ReplyCodec.success(cookie) : lateError(cookie, failure),
            null,
            reserved));
  }

  /** Makes an error reply; any thread. */
  ByteBuffer lateError(long cookie, Throwable failure) {
    counters.errors.increment();
    return codec.error(cookie, Failures.errorOf(failure), Failures.messageOf(failure));
  }

  /** Ends the session: waits for what is in flight, sends what is ready, gives everything back. */
  void end(boolean connected) throws IOException {
    try {
      if (connected) {
        output.send();
        inFlight.awaitEmpty();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      output.release();
      input.release();
    }
  }
}
