package io.clonedevice;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells listeners one event after the other, on an executor.
 *
 * <p>What commits and what copies are two threads, and each reports what it sees: the hydrator may
 * hear of its last copies when the commit that completes hydration has ended. Listeners are told in
 * the order in which it makes sense: recovery before completion, and no trouble after it.
 *
 * <p>Thread-safe.
 */
final class EventDispatcher {
  private static final Logger LOG = LoggerFactory.getLogger(EventDispatcher.class);

  private final Executor executor;

  // Guarded by itself.
  private final ArrayDeque<Runnable> queue = new ArrayDeque<>();

  // Guarded by queue; whether some thread works the queue off or is about to.
  private boolean running;

  // Only by the tasks in the queue, one after the other.
  private final List<CloneListener> listeners = new ArrayList<>();
  private boolean hydrationFailing;
  private boolean hydrationCompleted;

  EventDispatcher(Executor executor) {
    this.executor = executor;
  }

  void add(CloneListener listener) {
    enqueue(
        () -> {
          listeners.add(listener);
          if (hydrationCompleted) {
            tell(listener, CloneListener::hydrationCompleted);
          }
        });
  }

  void fire(Consumer<CloneListener> event) {
    enqueue(() -> tellAll(event));
  }

  void hydrationFailing(Throwable cause) {
    enqueue(
        () -> {
          if (!hydrationCompleted) {
            hydrationFailing = true;
            tellAll(listener -> listener.hydrationFailing(cause));
          }
        });
  }

  void hydrationRecovered() {
    enqueue(
        () -> {
          if (!hydrationCompleted) {
            hydrationFailing = false;
            tellAll(CloneListener::hydrationRecovered);
          }
        });
  }

  void hydrationStopped(Throwable cause) {
    enqueue(
        () -> {
          if (!hydrationCompleted) {
            hydrationFailing = false;
            tellAll(listener -> listener.hydrationStopped(cause));
          }
        });
  }

  void hydrationCompleted() {
    enqueue(
        () -> {
          if (hydrationFailing) {
            tellAll(CloneListener::hydrationRecovered);
          }
          hydrationCompleted = true;
          tellAll(CloneListener::hydrationCompleted);
        });
  }

  /** Runs something after the events so far were told. */
  void enqueue(Runnable task) {
    synchronized (queue) {
      queue.add(task);
      if (running) {
        return;
      }
      running = true;
    }
    try {
      executor.execute(this::workOff);
    } catch (RuntimeException | Error e) {
      workOff();
    }
  }

  private void workOff() {
    while (true) {
      Runnable task;
      synchronized (queue) {
        task = queue.poll();
        if (task == null) {
          running = false;
          return;
        }
      }
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        // The events after this one must be told all the same.
        LOG.error("an event could not be told", e);
      }
    }
  }

  private void tellAll(Consumer<CloneListener> event) {
    listeners.forEach(listener -> tell(listener, event));
  }

  private static void tell(CloneListener listener, Consumer<CloneListener> event) {
    try {
      event.accept(listener);
    } catch (RuntimeException | Error e) {
      LOG.warn("a listener failed", e);
    }
  }
}
