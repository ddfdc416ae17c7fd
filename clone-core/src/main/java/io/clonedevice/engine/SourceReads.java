package io.clonedevice.engine;

import io.clonedevice.store.EntryCount;
import io.clonedevice.store.IoCompletion;

/**
 * Counts the requests that read the source, so that nobody is told that it is no longer needed as
 * long as one of them does, or is about to: a request that has seen a region unhydrated may be slow
 * to read it, and the region be hydrated and committed meanwhile.
 *
 * <p>Copies are not counted: the region of one is unhydrated until it has ended. Nor are requests
 * that find their range hydrated, so none of them puts off the end of those that are counted.
 *
 * <p>Thread-safe.
 */
final class SourceReads {
  // Any thread. Who reads counts itself and then looks whether reads are over, who ends them says
  // so and then looks at the count; both are sequentially consistent, so a read is either refused
  // or waited for. One that is refused counts itself in and out on one thread, so it is not seen to
  // leave before it came. Edge: what a read did happens-before whoever saw its end.
  private final EntryCount underWay = new EntryCount();

  // Set by the thread that ends the last commit, and again by those that end reads after it.
  // Read by any thread. Edge: volatile; over seen -> every region is hydrated.
  private volatile boolean over;

  private final Runnable afterOver;

  /**
   * @param afterOver run after each end of a read since reads are over
   */
  SourceReads(Runnable afterOver) {
    this.afterOver = afterOver;
  }

  /** Begins a read, if this returns true; {@link #end} must follow. If not, all is hydrated. */
  boolean tryBegin() {
    underWay.enter();
    if (over) {
      end();
      return false;
    }
    return true;
  }

  void end() {
    underWay.exit();
    if (over) {
      afterOver.run();
    }
  }

  /** Ends a read before its outcome is told, as that may run code that closes the device. */
  IoCompletion endBefore(IoCompletion completion) {
    return failure -> {
      end();
      completion.completed(failure);
    };
  }

  /**
   * Lets no read begin any more.
   *
   * @return whether those that had begun have ended
   */
  boolean areOver() {
    over = true;
    return underWay.inside() == 0;
  }
}
