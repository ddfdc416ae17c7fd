package io.clonedevice.stress;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A few threads that run what they are given in an order that dice decide. */
final class Shuffle implements AutoCloseable {
  private static final int THREADS = 2;

  private final Dice dice;
  private final List<Runnable> tasks = new ArrayList<>(); // guarded by itself
  private boolean closed; // guarded by tasks

  Shuffle(Dice dice) {
    this.dice = dice;
    for (int i = 0; i < THREADS; i++) {
      Thread thread = new Thread(this::work, "stress-shuffle-" + i);
      thread.setDaemon(true);
      thread.start();
    }
  }

  void add(Runnable task) {
    synchronized (tasks) {
      tasks.add(task);
      tasks.notifyAll();
    }
  }

  /** Returns after one of the threads has run; other threads may run meanwhile. */
  void passThrough() {
    CountDownLatch passed = new CountDownLatch(1);
    add(passed::countDown);
    boolean interrupted = false;
    while (passed.getCount() > 0) {
      try {
        passed.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void work() {
    for (Runnable task = take(); task != null; task = take()) {
      task.run();
    }
  }

  private Runnable take() {
    synchronized (tasks) {
      while (tasks.isEmpty()) {
        if (closed) {
          return null;
        }
        try {
          tasks.wait();
        } catch (InterruptedException e) {
          return null;
        }
      }
      return tasks.remove(dice.below(tasks.size()));
    }
  }

  @Override
  public void close() {
    synchronized (tasks) {
      closed = true;
      tasks.notifyAll();
    }
  }
}
