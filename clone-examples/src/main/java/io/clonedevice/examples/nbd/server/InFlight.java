package io.clonedevice.examples.nbd.server;

/**
 * Counts the asynchronous requests of one connection from their start until their reply is sent,
 * and the bytes that they hold.
 */
final class InFlight {
  private static final int COUNT_MAX = 128;
  private static final long BYTES_MAX = 64L << 20;

  private final MemoryBudget budget;

  // Guarded by this.
  private int count;
  private long bytes;

  InFlight(MemoryBudget budget) {
    this.budget = budget;
  }

  /** Enters if this connection may have one more at once. */
  synchronized boolean tryEnter(long size) {
    if (count >= COUNT_MAX || (count > 0 && bytes + size > BYTES_MAX)) {
      return false;
    }
    if (size > 0 && !budget.tryReserve(size)) {
      return false;
    }
    count++;
    bytes += size;
    return true;
  }

  /**
   * Enters, waiting for requests of this connection to leave; for those of others it never waits.
   *
   * @return false if the memory of the server is used up and nothing of it is this connection's
   */
  synchronized boolean enter(long size) throws InterruptedException {
    while (!tryEnter(size)) {
      if (bytes == 0 && count < COUNT_MAX) {
        return false; // one that holds nothing, as the end of a long reply, gives nothing back
      }
      wait();
    }
    return true;
  }

  synchronized void leave(long size) {
    count--;
    bytes -= size;
    if (size > 0) {
      budget.release(size);
    }
    notifyAll();
  }

  synchronized boolean isEmpty() {
    return count == 0;
  }

  synchronized void awaitEmpty() throws InterruptedException {
    while (count > 0) {
      wait();
    }
  }
}
