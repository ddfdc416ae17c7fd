package io.clonedevice.examples.nbd.client;

import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/** The calling thread of a blocking call, which waits for the outcome. */
final class Waiter implements IoCompletion {
  private final Thread caller = Thread.currentThread();

  // Written by the completing thread, failure before done; read by the caller after done.
  private Throwable failure;
  private volatile boolean done;

  @Override
  public void completed(Throwable failure) {
    this.failure = failure;
    done = true;
    LockSupport.unpark(caller);
  }

  /** Waits; an interrupt does not cut it short. */
  void await() throws IOException {
    boolean interrupted = false;
    while (!done) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      caller.interrupt();
    }
    if (failure instanceof IOException trouble) {
      throw trouble;
    }
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure != null) {
      throw (RuntimeException) failure;
    }
  }
}
