package io.clonedevice.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;

/**
 * A request whose caller waits, and meanwhile runs the request's continuations on its own thread.
 */
final class BlockingRequest extends Request implements Executor {
  private final Waiting waiting;
  private final Thread caller = Thread.currentThread();

  // Filled by any thread, emptied by the caller; edge: the queue. Whoever adds a task or ends the
  // request unparks the caller afterwards.
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

  BlockingRequest(
      CloneEngine engine,
      RequestRouter.Route route,
      long offset,
      long length,
      ByteBuffer buffer,
      Waiting waiting) {
    super(engine, null, route, offset, length, buffer, false);
    this.waiting = waiting;
  }

  @Override
  Executor continuations() {
    return this;
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
    wakeCaller();
  }

  @Override
  boolean runsOnCaller() {
    return true;
  }

  @Override
  boolean isOfStore() {
    return true;
  }

  @Override
  void ended() {
    wakeCaller();
  }

  private void wakeCaller() {
    if (Thread.currentThread() != caller) {
      LockSupport.unpark(caller);
    }
  }

  /** Called by the submitting thread, once, after the request was served. */
  void await() throws IOException {
    while (!isDone()) {
      waiting.untilUnparked(() -> isDone() || !tasks.isEmpty());
      Runnable task = tasks.poll();
      if (task != null) {
        task.run();
      }
    }
    try {
      join();
    } catch (CompletionException e) {
      rethrow(e.getCause());
    }
  }

  static void rethrow(Throwable cause) throws IOException {
    if (cause instanceof IOException e) {
      throw e;
    }
    if (cause instanceof RuntimeException e) {
      throw e;
    }
    if (cause instanceof Error e) {
      throw e;
    }
    throw new IOException(cause);
  }
}
