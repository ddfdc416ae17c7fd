package io.clonedevice.faults;

import io.clonedevice.store.BlockStore.Execution;

/**
 * Which call fails, and how: the {@code n}-th call of an operation of one of the stores of a
 * device.
 */
record FaultPoint(Setting setting, Role role, Call call, FaultKind kind, long n) {
  /** How the stores run their calls, and which face of the device is used. */
  enum Setting {
    MEMORY(Execution.CALLING_THREAD, Execution.CALLING_THREAD, false),
    MEMORY_BLOCKING(Execution.CALLING_THREAD, Execution.CALLING_THREAD, true),
    FILES(Execution.IO_EXECUTOR, Execution.IO_EXECUTOR, false),
    FILES_BLOCKING(Execution.IO_EXECUTOR, Execution.IO_EXECUTOR, true),
    NETWORK(Execution.ASYNCHRONOUS, Execution.ASYNCHRONOUS, false),
    NETWORK_SOURCE(Execution.ASYNCHRONOUS, Execution.IO_EXECUTOR, false),
    NETWORK_SOURCE_BLOCKING(Execution.ASYNCHRONOUS, Execution.IO_EXECUTOR, true);

    final Execution source;
    final Execution destination;
    final boolean blocking;

    Setting(Execution source, Execution destination, boolean blocking) {
      this.source = source;
      this.destination = destination;
      this.blocking = blocking;
    }
  }

  /** Who fails. */
  enum Role {
    SOURCE,
    DESTINATION,
    METADATA,
    EXECUTOR,
    CLOCK;

    boolean isStore() {
      return this != EXECUTOR && this != CLOCK;
    }
  }

  /** What it is asked to do. */
  enum Call {
    READ(true),
    WRITE(true),
    FLUSH(true),
    DISCARD(true),
    COPY(true),
    LOCK(true),
    CLOSE(true),
    /** To run a task: a request, a continuation, a commit, a copy, what is told to listeners. */
    TASK(false),
    TIME(false);

    private final boolean ofStore;

    Call(boolean ofStore) {
      this.ofStore = ofStore;
    }

    boolean isOf(Role role) {
      return ofStore
          ? role.isStore()
          : (this == TASK) == (role == Role.EXECUTOR) && !role.isStore();
    }
  }
}
