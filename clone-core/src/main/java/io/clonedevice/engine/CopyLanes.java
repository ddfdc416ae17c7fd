package io.clonedevice.engine;

import java.util.ArrayDeque;
import java.util.Queue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the blocking copies of a device, so many at once as each caller says. What is beyond that
 * waits, and is begun by the thread whose copy has ended: it needs neither to be woken nor to wait
 * for the hydrator. Thread-safe.
 */
final class CopyLanes {
  private static final Logger LOG = LoggerFactory.getLogger(CopyLanes.class);

  private final CopyExecutor executor;

  // Guarded by this. Where something waits, there is a lane.
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private int lanes;
  private int lanesComing; // of these, those that the executor has not begun
  private int lanesMax;

  /**
   * Makes lanes; each of them is one task of the executor for as long as something waits here and
   * nothing there.
   *
   * @param executor runs what blocks
   */
  CopyLanes(CopyExecutor executor) {
    this.executor = executor;
  }

  /**
   * Runs a copy as soon as fewer than {@code atOnce} others run.
   *
   * @param copy throws nothing
   * @param atOnce positive; holds for what waits, too, until the next call
   * @throws RuntimeException the executor's, if it took no task; the copy is not run then
   */
  void run(Runnable copy, int atOnce) {
    synchronized (this) {
      lanesMax = atOnce;
      waiting.add(copy);
      if (lanes >= atOnce) {
        return;
      }
      lanes++;
      lanesComing++;
    }
    try {
      executor.execute(() -> lane(first()));
    } catch (RuntimeException | Error e) {
      synchronized (this) {
        lanes--;
        lanesComing--;
        if (!waiting.remove(copy)) {
          return; // another lane took it
        }
      }
      throw e;
    }
  }

  private void lane(Runnable first) {
    for (Runnable copy = first; copy != null; ) {
      try {
        copy.run();
      } catch (RuntimeException | Error e) {
        LOG.error("a copy met an unexpected failure", e);
      }
      copy = next();
      if (copy != null && executor.isWantedByOthers() && handsOver(copy)) {
        return;
      }
    }
  }

  private boolean handsOver(Runnable copy) {
    try {
      executor.execute(() -> lane(copy));
      return true;
    } catch (RuntimeException | Error e) {
      return false; // no thread, or no memory for one; it was promised to run, so it runs here
    }
  }

  private synchronized Runnable first() {
    lanesComing--;
    return next();
  }

  /** Leaves to each lane that comes what it is to begin with. */
  private synchronized Runnable next() {
    boolean ends = lanes > lanesMax || waiting.size() <= lanesComing;
    Runnable copy = ends ? null : waiting.poll();
    if (copy == null) {
      lanes--;
    }
    return copy;
  }
}
