package io.clonedevice.engine;

import io.clonedevice.store.IoCompletion;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A request on its way through the device: it ends when all its parts have ended, with the first
 * failure if there was one.
 *
 * <p>The future may be cancelled or completed by the user; the parts go on all the same and the
 * buffer stays in use until they have ended.
 */
class Request extends CompletableFuture<Void> implements IoCompletion {
  private final CloneEngine engine;
  private final Executor continuations;
  private final RequestRouter.Route route;
  private final long offset;
  private final long length;
  private final ByteBuffer buffer;
  // What was checked: the caller may change the limits of the buffer in flight, against the rules.
  private final ByteBuffer bytes;
  private final int bufferEnd;
  private final boolean durable;

  // The routing itself counts as one part. Any thread, atomically: the last one to end sees the
  // rest.
  private final AtomicInteger parts = new AtomicInteger(1);

  // Any thread; the first one to set it wins.
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  Request(
      CloneEngine engine,
      Executor continuations,
      RequestRouter.Route route,
      long offset,
      long length,
      ByteBuffer buffer,
      boolean durable) {
    this.engine = engine;
    this.continuations = continuations;
    this.route = route;
    this.offset = offset;
    this.length = length;
    this.buffer = buffer;
    this.bytes = buffer == null ? null : buffer.slice(buffer.position(), (int) length);
    this.bufferEnd = buffer == null ? 0 : buffer.position() + (int) length;
    this.durable = durable;
  }

  final long offset() {
    return offset;
  }

  final long end() {
    return offset + length;
  }

  /** Where work of this request runs that must not run on the thread at hand. */
  final Executor continuations() {
    return continuations;
  }

  /** Whether the thread that waits for this request runs its continuations itself. */
  boolean runsOnCaller() {
    return false;
  }

  /** A view of the buffer's bytes for a range of the device. */
  final ByteBuffer slice(long from, long to) {
    return bytes.slice((int) (from - offset), (int) (to - from));
  }

  final void addPart() {
    parts.incrementAndGet();
  }

  /** Splits the request into parts and starts them. */
  final void route() {
    run(() -> route.start(this));
  }

  /** Ends a part. */
  @Override
  public final void completed(Throwable trouble) {
    if (trouble != null) {
      failure.compareAndSet(null, trouble);
    }
    if (parts.decrementAndGet() == 0) {
      if (durable && failure.get() == null) {
        engine.pipeline().flush(this::end, continuations);
      } else {
        end(failure.get());
      }
    }
  }

  /** Ends a request that never got inside. */
  final void refuse(Throwable trouble) {
    completeExceptionally(trouble);
  }

  private void end(Throwable trouble) {
    // Leave before the user's code runs, which may close the device.
    int place = engine.gate().exit(this);
    if (trouble == null) {
      moveToEnd();
      complete(null);
    } else {
      completeExceptionally(trouble);
    }
    engine.gate().told(this, place);
    ended();
  }

  private void moveToEnd() {
    if (buffer != null) {
      try {
        buffer.position(bufferEnd);
      } catch (IllegalArgumentException e) {
        return; // the caller has set a lower limit meanwhile; the request has ended all the same
      }
    }
  }

  void ended() {}
}
