package io.clonedevice.examples;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/**
 * Turns Ctrl-C and SIGTERM into a future, and holds the process until the work has been wound up
 * and what came of it is known.
 *
 * <p>The Java VM answers both signals by running its shutdown hooks and then exiting with 130 or
 * 143; so a hook that waits is all it takes. The exit status is the Java VM's if the work says that
 * it was {@linkplain CloneTool#INTERRUPTED interrupted}, and the work's own otherwise.
 */
final class StopSignal implements AutoCloseable {
  /**
   * How long the process waits for its work to be wound up: a store that hangs must not make it
   * immortal. Longer than a server needs to be rid of clients that do not read (10 s) and a device
   * to be rid of a source that does not answer (10 s).
   */
  private static final long PATIENCE_SECONDS = 30;

  private final CompletableFuture<Void> requested = new CompletableFuture<>();
  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "clone-stop");

  // Written by the thread that works, read by the hook. Edge: the latch, counted down afterwards.
  private int exitStatus = CloneTool.TROUBLE;

  /** Something that ends by itself or when it is asked to. */
  interface Work {
    /** Returns the exit status. */
    int run(StopSignal stop) throws Exception;
  }

  private StopSignal() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /**
   * Does the work of a command; its failure has been printed before the process may end.
   *
   * @return the exit status
   */
  static int during(CommandLine command, Work work) throws Exception {
    try (StopSignal stop = new StopSignal()) {
      stop.exitStatus = outcome(command, stop, work);
      return stop.exitStatus;
    }
  }

  private static int outcome(CommandLine command, StopSignal stop, Work work) throws Exception {
    try {
      return work.run(stop);
    } catch (Exception e) {
      return command
          .getExecutionExceptionHandler()
          .handleExecutionException(e, command, command.getParseResult());
    }
  }

  /** Completes when the process was asked to stop. */
  CompletableFuture<Void> requested() {
    return requested;
  }

  boolean isRequested() {
    return requested.isDone();
  }

  /** Lets the process go. */
  @Override
  public void close() {
    finished.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shuttingDown) {
      // The hook is running, or about to; the latch has released it.
      assert finished.getCount() == 0;
    }
  }

  private void stop() {
    requested.complete(null);
    try {
      if (!finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        System.err.println(
            "clone: a store did not answer within "
                + PATIENCE_SECONDS
                + " s; ended as by a crash: what was not flushed may be lost, and the next run"
                + " copies a little more");
        exit(CloneTool.TROUBLE);
      } else if (exitStatus != CloneTool.INTERRUPTED) {
        exit(exitStatus);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The only way to another exit status once the Java VM is shutting down. */
  private static void exit(int status) {
    Runtime.getRuntime().halt(status);
  }
}
