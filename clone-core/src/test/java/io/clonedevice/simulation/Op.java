package io.clonedevice.simulation;

import io.clonedevice.store.BlockIoException.Operation;

/** What is done to the device or to its surroundings. Sectors are counted from 0. */
sealed interface Op {
  /** A request of the device, of either face. */
  sealed interface Request extends Op {}

  record Read(int first, int count, boolean blocking) implements Request {}

  record Write(int first, int count, boolean durable, boolean blocking) implements Request {}

  record Discard(int first, int count, boolean blocking) implements Request {}

  record Flush(boolean blocking) implements Request {}

  record EnableHydration(boolean on) implements Op {}

  record Threshold(int regions) implements Op {}

  record BatchSize(int regions) implements Op {}

  record Suspend() implements Op {}

  record Resume() implements Op {}

  record Status() implements Op {}

  record ReopenReadWrite() implements Op {}

  /** From now on calls fail: some are let pass first, then {@code count} fail. */
  record Fault(Side side, Operation operation, int skip, int count, Faults.Effect effect)
      implements Op {}

  record Heal() implements Op {}

  record Pass(int ms) implements Op {}

  /** Closes the device and opens it anew. */
  record Reopen(Setup.Options options) implements Op {}

  record PowerCut(Loss loss, Setup.Options options) implements Op {}

  /** Waits until nothing goes on any more. */
  record Rest() implements Op {}

  /** One of the three stores. */
  enum Side {
    SOURCE,
    DESTINATION,
    METADATA
  }

  /** What a power cut leaves of what was not flushed. */
  enum Loss {
    ALL,
    NOTHING,
    BY_CHANCE
  }

  /** Whether the op may be begun while the one thread is in the middle of another one. */
  default boolean isAsynchronous() {
    return (this instanceof Read read && !read.blocking())
        || (this instanceof Write write && !write.blocking())
        || (this instanceof Discard discard && !discard.blocking())
        || (this instanceof Flush flush && !flush.blocking())
        || this instanceof Threshold
        || this instanceof BatchSize
        || this instanceof EnableHydration
        || this instanceof Fault
        || this instanceof Heal;
  }
}
