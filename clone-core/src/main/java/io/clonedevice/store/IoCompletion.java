package io.clonedevice.store;

/**
 * Receives the outcome of one asynchronous call of a {@link BlockStore}: exactly one call of {@link
 * #completed}, on any thread. Must not block and must not throw.
 */
@FunctionalInterface
public interface IoCompletion {
  /**
   * The call has ended.
   *
   * @param failure why it failed, {@code null} if it succeeded
   */
  void completed(Throwable failure);

  /**
   * Runs a blocking call and reports its outcome.
   *
   * @param call the call to run on this thread
   */
  default void run(IoCall call) {
    Throwable failure = null;
    try {
      call.run();
    } catch (Throwable e) {
      failure = e;
    }
    completed(failure);
  }

  /** A blocking call of a store. */
  @FunctionalInterface
  interface IoCall {
    /**
     * Makes the call.
     *
     * @throws java.io.IOException if the store failed
     */
    void run() throws java.io.IOException;
  }
}
