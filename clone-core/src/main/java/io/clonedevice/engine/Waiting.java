package io.clonedevice.engine;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * How a thread waits for a device: it parks until what it waits for has happened; or, where one
 * thread does everything, it runs a step of that again and again, and holds no lock meanwhile.
 *
 * <p>An interrupt does not end a wait; the interrupt status is set again after it. Thread-safe.
 */
public final class Waiting {
  private static final Waiting PARKED = new Waiting(null);

  private final Runnable step;

  private Waiting(Runnable step) {
    this.step = step;
  }

  /**
   * Returns the way of a thread that others work for.
   *
   * @return always the same
   */
  public static Waiting parked() {
    return PARKED;
  }

  /**
   * Returns the way of a thread that does all work itself.
   *
   * @param step does some of what is waited for; what it throws ends the wait
   * @return a new one
   */
  public static Waiting stepping(Runnable step) {
    return new Waiting(step);
  }

  /**
   * Waits until a condition holds.
   *
   * @param monitor held when the condition is looked at; notified when it may have changed
   */
  void until(Object monitor, BooleanSupplier condition) {
    boolean interrupted = false;
    while (!holds(monitor, condition)) {
      if (step != null) {
        step.run();
      } else {
        interrupted |= park(monitor, condition);
      }
    }
    restore(interrupted);
  }

  /** Waits for what another thread is about to do, whatever happens meanwhile. */
  void briefly(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      if (step != null) {
        step.run();
      } else {
        Thread.onSpinWait();
      }
    }
  }

  /**
   * Waits until a condition holds; whoever may have made it true unparks this thread afterwards.
   */
  void untilUnparked(BooleanSupplier condition) {
    boolean interrupted = false;
    while (!condition.getAsBoolean()) {
      if (step != null) {
        step.run();
      } else {
        LockSupport.park(this);
        interrupted |= Thread.interrupted();
      }
    }
    restore(interrupted);
  }

  private static boolean holds(Object monitor, BooleanSupplier condition) {
    synchronized (monitor) {
      return condition.getAsBoolean();
    }
  }

  /** Returns whether the thread was interrupted. */
  private static boolean park(Object monitor, BooleanSupplier condition) {
    synchronized (monitor) {
      while (!condition.getAsBoolean()) {
        try {
          monitor.wait();
        } catch (InterruptedException e) {
          return true;
        }
      }
    }
    return false;
  }

  private static void restore(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
