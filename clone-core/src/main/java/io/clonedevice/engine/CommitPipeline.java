package io.clonedevice.engine;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.IoCompletion;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes things durable, one round at a time: all flushes that arrive while a round runs share the
 * next one.
 *
 * <p>A round of a device whose metadata changed: freeze the dirty words, flush the destination,
 * write what was frozen. What is marked after the freeze belongs to the next round, because the
 * flush says nothing about its bytes. A round without changes is a flush of the destination.
 *
 * <p>After a flush of the destination has failed, every round fails until the device is closed: the
 * medium may have dropped what was written since the last good flush, and a later flush that
 * succeeds would say nothing about it (see fsync(2)).
 *
 * <p>Thread-safe.
 */
final class CommitPipeline {
  private static final Logger LOG = LoggerFactory.getLogger(CommitPipeline.class);

  private final CloneMetadata metadata;
  private final BlockStore destination;
  private final EngineEvents events;
  private final Runnable afterCommit;
  private final Waiting waiting;
  private final Object lock = new Object();

  // Guarded by lock.
  private List<IoCompletion> joined = new ArrayList<>();

  // Guarded by lock; whether some thread runs rounds or is about to.
  private boolean running;

  // Guarded by lock; whether close() has begun, which waits for the last round.
  private boolean closing;

  // Guarded by lock.
  private boolean closed;

  // Written by the thread that runs the round; read by any. Edge: volatile.
  private volatile Throwable destinationFlushFailure;

  CommitPipeline(
      CloneMetadata metadata,
      BlockStore destination,
      EngineEvents events,
      Runnable afterCommit,
      Waiting waiting) {
    this.metadata = metadata;
    this.destination = destination;
    this.events = events;
    this.afterCommit = afterCommit;
    this.waiting = waiting;
  }

  /** Completes when everything that completed before this call is durable. */
  void flush(IoCompletion completion, Executor executor) {
    boolean refused;
    synchronized (lock) {
      refused = closed;
      if (!refused) {
        joined.add(completion);
        if (running) {
          return;
        }
        running = true;
      }
    }
    if (refused) {
      completion.completed(RequestGate.closedException());
    } else {
      execute(executor);
    }
  }

  /**
   * As {@link #flush}, for a caller that waits: it runs the round itself if no round is running.
   */
  void flushBlocking(Executor executor) throws IOException {
    Outcome outcome = null;
    synchronized (lock) {
      if (running) {
        outcome = new Outcome();
        joined.add(outcome);
      }
      running = true;
    }
    if (outcome != null) {
      outcome.await(waiting);
      return;
    }
    // While nobody ran, nobody had joined: this round is the caller's alone.
    Throwable failure = makeDurable();
    if (!endRound()) {
      execute(executor);
    }
    if (failure != null) {
      BlockingRequest.rethrow(failure);
    }
  }

  /** Commits if there is something to commit. */
  void commitInBackground(Executor executor) {
    if (metadata.hasUncommittedChanges() && metadata.mode() == MetadataMode.READ_WRITE) {
      flush(failure -> {}, executor);
    }
  }

  /**
   * Waits until no round runs, and lets none begin any more: a commit may come from a late tick.
   */
  void close() {
    waiting.until(
        lock,
        () -> {
          closing = true;
          closed = !running;
          return closed;
        });
  }

  /** Why no flush can succeed any more, or {@code null}. */
  Throwable destinationFlushFailure() {
    return destinationFlushFailure;
  }

  private void execute(Executor executor) {
    try {
      executor.execute(this::runRounds);
    } catch (RuntimeException | Error e) {
      // The runtime is closing; what was promised is kept on this thread.
      runRounds();
    }
  }

  private void runRounds() {
    InTurn turn = new InTurn();
    runRound(turn);
    turn.run();
  }

  /**
   * Runs one round. What follows is done in turn: those who waited for it are told, then the next
   * one is run if somebody waits for that.
   */
  private void runRound(InTurn turn) {
    List<IoCompletion> round;
    synchronized (lock) {
      round = joined;
      joined = new ArrayList<>();
    }
    Throwable failure = makeDurable();
    for (IoCompletion completion : round) {
      turn.add(() -> tell(completion, failure));
    }
    turn.add(
        () -> {
          if (!endRound()) {
            runRound(turn);
          }
        });
  }

  private static void tell(IoCompletion completion, Throwable failure) {
    try {
      completion.completed(failure);
    } catch (RuntimeException | Error e) {
      // The others must be told all the same, and the rounds go on.
      LOG.error("one who waited for a flush could not be told", e);
    }
  }

  /** Returns whether nobody waits for another round. */
  private boolean endRound() {
    synchronized (lock) {
      running = !joined.isEmpty();
      if (!running && closing) {
        lock.notifyAll();
      }
      return !running;
    }
  }

  /** Never throws: a round must be ended. Returns why it failed, {@code null} if it did not. */
  private Throwable makeDurable() {
    try {
      if (metadata.mode() == MetadataMode.FAIL) {
        return CloneEngine.failModeException("flush");
      }
      return metadata.hasUncommittedChanges() ? commit() : flushDestination();
    } catch (RuntimeException | Error e) {
      LOG.error("a flush ended unexpectedly", e);
      return e;
    }
  }

  private Throwable flushDestination() {
    if (destinationFlushFailure != null) {
      return earlierFlushFailed();
    }
    try {
      destination.flush();
      return null;
    } catch (IOException | RuntimeException | Error e) {
      destinationFlushFailure = e;
      LOG.error("flush of the destination failed: {}", destination.name(), e);
      return e;
    }
  }

  private IOException earlierFlushFailed() {
    return new IOException(
        "an earlier flush of the destination failed, so what was written since the last good one"
            + " may be lost; close the device and open it again",
        destinationFlushFailure);
  }

  private Throwable commit() {
    CloneMetadata.Commit commit;
    try {
      commit = metadata.beginCommit();
    } catch (IOException e) {
      return destinationFlushFailure == null ? e : earlierFlushFailed();
    }
    Throwable failure = record(commit);
    if (failure == null) {
      afterCommit.run();
    } else {
      metadata.abort(commit);
      events.modeChanged(metadata.mode(), failure);
    }
    return failure;
  }

  /** Bytes first, then the record that they are there. Never throws: a commit must be ended. */
  private Throwable record(CloneMetadata.Commit commit) {
    try {
      Throwable failure = flushDestination();
      if (failure == null) {
        metadata.finishCommit(commit);
      } else {
        LOG.error(
            "Metadata operation `flush destination device' failed: error = {}", failure.toString());
      }
      return failure;
    } catch (IOException | RuntimeException | Error e) {
      return e;
    }
  }

  /** The outcome of one flush, for the thread that waits for it. */
  private static final class Outcome implements IoCompletion {
    // Guarded by this.
    private boolean ended;
    private Throwable failure;

    @Override
    public synchronized void completed(Throwable trouble) {
      ended = true;
      failure = trouble;
      notifyAll();
    }

    void await(Waiting waiting) throws IOException {
      waiting.until(this, () -> ended);
      // Set once, before ended was: the edge is this object's monitor.
      if (failure != null) {
        BlockingRequest.rethrow(failure);
      }
    }
  }
}
