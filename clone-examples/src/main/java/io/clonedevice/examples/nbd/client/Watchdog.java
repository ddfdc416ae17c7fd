package io.clonedevice.examples.nbd.client;

import java.io.IOException;
import java.util.List;

/**
 * Looks, a few times in each timeout, for connections that have stopped answering and for requests
 * that have waited too long for one.
 */
final class Watchdog {
  private static final int LOOKS = 8;
  private static final long PAUSE_MAX_NS = 1_000_000_000;

  private final StoreState store;
  private final List<Link> links; // safe to read while links are added
  private final Thread thread;

  Watchdog(StoreState store, List<Link> links, String name) {
    this.store = store;
    this.links = links;
    this.thread = store.newThread(this::run, name);
  }

  void start() {
    thread.start();
  }

  private void run() {
    NbdOptions options = store.options();
    long shortest =
        Math.min(
            options.patienceNs(), Math.min(options.requestTimeoutNs(), options.connectTimeoutNs()));
    while (store.queue().pause(Math.min(PAUSE_MAX_NS, shortest / LOOKS + 1))) {
      look();
    }
  }

  private void look() {
    long now = store.nowNs();
    for (Link link : links) {
      link.check(now);
    }
    for (Request request : store.queue().expire(now - store.options().patienceNs())) {
      store.complete(
          request,
          new IOException(
              "no connection to the server within "
                  + store.options().patienceNs() / 1_000_000
                  + " ms",
              store.connectFailure().get()));
    }
  }

  /** Waits for the end of the thread, after the queue was closed. */
  void end() {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
