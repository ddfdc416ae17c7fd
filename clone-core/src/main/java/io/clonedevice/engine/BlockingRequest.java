package io.clonedevice.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A request whose caller waits, and meanwhile runs the request's continuations on its own thread.
 */
final class BlockingRequest extends Request {
  private static final Runnable WAKE_UP = () -> {};

  private final BlockingQueue<Runnable> tasks;
  private final Waiting waiting;

  BlockingRequest(
      CloneEngine engine,
      RequestRouter.Route route,
      long offset,
      long length,
      ByteBuffer buffer,
      Waiting waiting) {
    this(engine, route, offset, length, buffer, waiting, new LinkedBlockingQueue<>());
  }

  private BlockingRequest(
      CloneEngine engine,
      RequestRouter.Route route,
      long offset,
      long length,
      ByteBuffer buffer,
      Waiting waiting,
      BlockingQueue<Runnable> tasks) {
    super(engine, tasks::add, route, offset, length, buffer, false);
    this.waiting = waiting;
    this.tasks = tasks;
  }

  @Override
  boolean runsOnCaller() {
    return true;
  }

  @Override
  void ended() {
    tasks.add(WAKE_UP);
  }

  /** Called by the submitting thread, once, after {@link #route}. */
  void await() throws IOException {
    while (!isDone()) {
      waiting.take(tasks).run();
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
