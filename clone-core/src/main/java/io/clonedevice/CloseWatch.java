package io.clonedevice;

import io.clonedevice.engine.CloneEngine;
import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a close that would wait for ever: each time it looks and nothing has ended since it looked
 * last, the next store is closed, so that the calls that hang there fail and whoever waits for them
 * goes on.
 *
 * <p>The source comes first, as nothing acknowledged needs it any more; what is marked is committed
 * then, in case it is the destination that hangs. A store that is only slow loses nothing: closing
 * waits for calls that still work, and the next store has to wait for that.
 *
 * <p>Thread-safe.
 */
final class CloseWatch {
  private static final Logger LOG = LoggerFactory.getLogger(CloseWatch.class);

  private final CloneEngine engine;
  private final BlockStore source;
  private final Executor executor;

  // Guarded by this.
  private final ArrayDeque<BlockStore> storesLeft;
  private long inFlight;
  private boolean closingAStore;
  private IOException failure;

  /**
   * @param executor closes the stores; must have a thread to give when all others hang
   */
  CloseWatch(
      CloneEngine engine,
      BlockStore source,
      BlockStore destination,
      BlockStore metadata,
      Executor executor) {
    this.engine = engine;
    this.source = source;
    this.storesLeft = new ArrayDeque<>(List.of(source, destination, metadata));
    this.executor = executor;
    this.inFlight = inFlight();
  }

  private long inFlight() {
    return engine.requestsInFlight() + engine.hydratingRegions();
  }

  /** Called by the hydrator loop when the patience has passed, again and again. */
  synchronized void check() {
    long before = inFlight;
    inFlight = inFlight();
    if (inFlight < before || closingAStore || storesLeft.isEmpty()) {
      return;
    }
    BlockStore next = storesLeft.poll();
    LOG.error(
        "close waits for {} requests and {} regions in copy, and nothing ends: closing {} under"
            + " the calls that may hang",
        engine.requestsInFlight(),
        engine.hydratingRegions(),
        next.name());
    closingAStore = true;
    try {
      executor.execute(() -> close(next));
    } catch (RuntimeException | Error e) {
      LOG.error("no thread to close {}: trying again", next.name(), e);
      storesLeft.addFirst(next);
      closingAStore = false;
    }
  }

  private void close(BlockStore store) {
    IOException trouble = null;
    try {
      store.close();
      if (store == source) {
        engine.commitInBackground();
      }
    } catch (IOException e) {
      trouble = e;
    } catch (RuntimeException | Error e) {
      trouble = new IOException("closing " + store.name() + " failed", e);
    }
    synchronized (this) {
      closingAStore = false;
      if (failure == null) {
        failure = trouble;
      }
      notifyAll();
    }
  }

  /** Waits until no store is being closed here; {@link #check} is not called any more. */
  synchronized void end() throws IOException {
    boolean interrupted = false;
    while (closingAStore) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure != null) {
      throw failure;
    }
  }
}
