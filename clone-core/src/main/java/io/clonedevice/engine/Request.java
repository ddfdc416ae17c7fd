package io.clonedevice.engine;

import io.clonedevice.store.IoCompletion;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;

/**
 * A request on its way through the device: it ends when all its parts have ended, with the first
 * failure if there was one.
 *
 * <p>The future may be cancelled or completed by the user; the parts go on all the same and the
 * buffer stays in use until they have ended.
 *
 * <p>One object a request, and a view of its buffer: it is the future, the task that routes it, and
 * the completion of its parts.
 */
class Request extends CompletableFuture<Void> implements IoCompletion, Runnable {
  private static final AtomicIntegerFieldUpdater<Request> PARTS =
      AtomicIntegerFieldUpdater.newUpdater(Request.class, "parts");
  private static final AtomicReferenceFieldUpdater<Request, Throwable> FAILURE =
      AtomicReferenceFieldUpdater.newUpdater(Request.class, Throwable.class, "failure");

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

  // Parts that have not ended, besides the routing, which is one too. Any thread, atomically: the
  // last one to end sees the rest.
  private volatile int parts;

  // Any thread; the first one to set it wins.
  private volatile Throwable failure;

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
  Executor continuations() {
    return continuations;
  }

  /** Whether the thread that waits for this request runs its continuations itself. */
  boolean runsOnCaller() {
    return false;
  }

  /**
   * Whether its caller takes the device for a store, which keeps for ever what it promised once.
   */
  boolean isOfStore() {
    return false;
  }

  /** A view of the buffer's bytes for a range of the device. */
  final ByteBuffer slice(long from, long to) {
    return bytes.slice((int) (from - offset), (int) (to - from));
  }

  /** The same, for a part that is on its way: no view of its bytes is asked for again. */
  final ByteBuffer lastSlice(long from, long to) {
    return to - from == length ? bytes : slice(from, to);
  }

  final void addPart() {
    PARTS.incrementAndGet(this);
  }

  /** Runs the request, inside the gate. */
  @Override
  public final void run() {
    engine.serve(this);
  }

  /** Splits the request into parts and starts them. */
  final void route() {
    run(() -> route.start(engine.router(), this));
  }

  /** Ends a part. */
  @Override
  public final void completed(Throwable trouble) {
    if (trouble != null) {
      FAILURE.compareAndSet(this, null, trouble);
    }
    // Who finds no other part is alone: the last one, whom nobody can race with any more.
    if (parts == 0 || PARTS.getAndDecrement(this) == 0) {
      if (durable && failure == null) {
        engine.pipeline().flush(this::end, continuations());
      } else {
        end(failure);
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
