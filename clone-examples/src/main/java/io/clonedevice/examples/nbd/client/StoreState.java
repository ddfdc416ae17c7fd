package io.clonedevice.examples.nbd.client;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** What the links, their sessions and the watchdog of one store share. */
final class StoreState {
  private final NbdOptions options;
  private final LongSupplier clock;
  private final Supplier<RandomGenerator> randoms;
  private final ThreadFactory threads;
  private final RequestQueue queue = new RequestQueue();
  private final FlushLedger ledger = new FlushLedger();

  /** Why the last attempt to connect failed; for the messages of requests that waited in vain. */
  private final AtomicReference<Throwable> connectFailure = new AtomicReference<>();

  /**
   * @param randoms makes a generator for each link: most kinds are not safe for several threads
   */
  StoreState(
      NbdOptions options,
      LongSupplier clock,
      Supplier<RandomGenerator> randoms,
      ThreadFactory threads) {
    this.options = options;
    this.clock = clock;
    this.randoms = randoms;
    this.threads = threads;
  }

  NbdOptions options() {
    return options;
  }

  long nowNs() {
    return clock.getAsLong();
  }

  /** Makes a generator for the use of one thread. */
  RandomGenerator newRandom() {
    return randoms.get();
  }

  /** Makes a thread that does not keep the process alive; the caller starts it. */
  Thread newThread(Runnable body, String name) {
    Thread thread = threads.newThread(body);
    thread.setName(name);
    thread.setDaemon(true);
    return thread;
  }

  RequestQueue queue() {
    return queue;
  }

  FlushLedger ledger() {
    return ledger;
  }

  AtomicReference<Throwable> connectFailure() {
    return connectFailure;
  }

  /** Tells the caller of a request how it ended; {@code null} if well. */
  void complete(Request request, Throwable failure) {
    if (request.neededBirth != FlushLedger.NONE) {
      ledger.end(request.neededBirth);
    }
    try {
      if (failure == null) {
        request.succeed();
      } else {
        request.fail(failure);
      }
    } catch (RuntimeException | Error e) {
      // A completion must not throw; the session goes on for the others.
      Thread current = Thread.currentThread();
      current.getUncaughtExceptionHandler().uncaughtException(current, e);
    } finally {
      queue.completed();
    }
  }
}
