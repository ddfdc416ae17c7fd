package io.clonedevice.stress;

/** How many requests were made, for those who wait for some of them. Thread-safe. */
final class Progress {
  private int made; // guarded by this
  private int submitters; // guarded by this

  Progress(int submitters) {
    this.submitters = submitters;
  }

  synchronized void requestMade() {
    made++;
    notifyAll();
  }

  synchronized void submitterEnded() {
    submitters--;
    notifyAll();
  }

  synchronized int requestsMade() {
    return made;
  }

  synchronized boolean isOver() {
    return submitters == 0;
  }

  /** Waits for so many requests in all, or until no submitter is left. */
  synchronized void awaitRequests(int count) throws InterruptedException {
    while (made < count && submitters > 0) {
      wait();
    }
  }
}
