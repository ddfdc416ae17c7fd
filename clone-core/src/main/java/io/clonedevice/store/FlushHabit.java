package io.clonedevice.store;

/**
 * Whether each write is flushed before the next one, as by clients that make every write durable.
 * It is taken for a habit after some flushes in a row that had one write each. Thread-safe.
 */
final class FlushHabit {
  /** Flushes in a row that had one write each, from which on another one is expected. */
  static final int KEPT = 8;

  // Any thread; order nothing, and a lost update costs a call of the system or saves one too many.
  // Written only when they change: many writers without a flush all read the same cache line.
  private int writes; // since the last flush, 2 for more
  private int kept; // flushes in a row that had one write each, KEPT for more

  /** To be told of each write that was made; returns whether its flush is to be expected next. */
  boolean wrote() {
    int before = writes;
    if (before < 2) {
      writes = before + 1;
    }
    return before == 0 && kept == KEPT;
  }

  /** To be told of each flush before it is made. */
  void flushing() {
    int flushed = writes;
    if (flushed == 0) {
      return;
    }
    writes = 0;
    kept = flushed > 1 ? 0 : Math.min(KEPT, kept + 1);
  }
}
