package io.clonedevice.engine;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * What one thread does in turn, such as to tell one request after the other. Each step may run code
 * of the user that closes the device, and close waits for all of them: so it first has done, by
 * {@link #finish}, what its own thread is in the middle of, and nobody else would do.
 *
 * <p>For one thread.
 */
final class InTurn {
  // The innermost one that this thread is in the middle of, of all devices.
  private static final ThreadLocal<InTurn> INNERMOST = new ThreadLocal<>();

  private final Queue<Runnable> steps = new ArrayDeque<>();
  private InTurn outer;

  /** Does the same with each of a list, in its order. */
  static <T> void forEach(List<T> all, Consumer<T> action) {
    InTurn turn = new InTurn();
    all.forEach(each -> turn.add(() -> action.accept(each)));
    turn.run();
  }

  /** Does what this thread is in the middle of, as far as it is not done. */
  static void finish() {
    for (InTurn turn = INNERMOST.get(); turn != null; turn = turn.outer) {
      turn.runSteps();
    }
  }

  /** Adds a step after those that are left; a step may do so. */
  void add(Runnable step) {
    steps.add(step);
  }

  /** Runs the steps, until none is left; once. */
  void run() {
    outer = INNERMOST.get();
    INNERMOST.set(this);
    try {
      runSteps();
    } finally {
      if (outer == null) {
        INNERMOST.remove();
      } else {
        INNERMOST.set(outer);
      }
    }
  }

  private void runSteps() {
    for (Runnable step = steps.poll(); step != null; step = steps.poll()) {
      step.run();
    }
  }
}
