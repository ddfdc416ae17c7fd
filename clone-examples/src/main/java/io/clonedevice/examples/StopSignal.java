package io.clonedevice.examples;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Turns Ctrl-C and SIGTERM into a future, and holds the process until the work has been wound up.
 *
 * <p>The Java VM answers both signals by running its shutdown hooks and then exiting with 130 or
 * 143; so a hook that waits is all it takes, and the exit status is right by itself.
 */
final class StopSignal implements AutoCloseable {
  /** How long the process waits for its work: a store that hangs must not make it immortal. */
  private static final long PATIENCE_SECONDS = 10;

  /** The exit status is the Java VM's. */
  private static final int BY_SIGNAL = -1;

  private final long patienceSeconds;
  private final int exitStatus;
  private final CompletableFuture<Void> requested = new CompletableFuture<>();
  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "clone-stop");

  StopSignal() {
    this(PATIENCE_SECONDS, BY_SIGNAL);
  }

  private StopSignal(long patienceSeconds, int exitStatus) {
    this.patienceSeconds = patienceSeconds;
    this.exitStatus = exitStatus;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /**
   * For a program whose work has no end of its own, so that being stopped is no failure: the
   * process exits with 0 when everything is closed.
   */
  static StopSignal ofServer(long patienceSeconds) {
    return new StopSignal(patienceSeconds, CloneTool.DONE);
  }

  /** Completes when the process was asked to stop. */
  CompletableFuture<Void> requested() {
    return requested;
  }

  boolean isRequested() {
    return requested.isDone();
  }

  /** Lets the process go: call when everything is closed. */
  @Override
  public void close() {
    finished.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shuttingDown) {
      // The hook is running; the latch has released it.
      assert requested.isDone();
    }
  }

  private void stop() {
    requested.complete(null);
    try {
      if (finished.await(patienceSeconds, TimeUnit.SECONDS)) {
        if (exitStatus != BY_SIGNAL) {
          // The only way to another exit status once the Java VM is shutting down.
          Runtime.getRuntime().halt(exitStatus);
        }
      } else {
        System.err.println(
            "clone: a store did not answer within "
                + patienceSeconds
                + " s; ended without a last commit, the next run copies a little more");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
