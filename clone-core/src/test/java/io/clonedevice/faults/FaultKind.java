package io.clonedevice.faults;

import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.FaultyBlockStore;
import java.io.IOException;
import java.util.concurrent.CompletionException;

/** In which way a call fails. */
enum FaultKind {
  IO_ERROR_ONCE(1),
  IO_ERROR_FOR_A_WHILE(3),
  IO_ERROR_FOR_EVER(Long.MAX_VALUE),
  NO_SPACE_FOR_EVER(Long.MAX_VALUE) {
    @Override
    Throwable failure() {
      return new IOException("No space left on device");
    }
  },
  SHORT_TRANSFER(1),
  RUNTIME_EXCEPTION(1) {
    @Override
    Throwable failure() {
      return new IllegalStateException(MESSAGE);
    }
  },
  OUT_OF_MEMORY(2) {
    @Override
    Throwable failure() {
      return new OutOfMemoryError(MESSAGE);
    }
  },
  STACK_OVERFLOW(1) {
    @Override
    Throwable failure() {
      return new StackOverflowError(MESSAGE);
    }
  },
  /** One and the same object, again and again, whoever has added what to it meanwhile. */
  SAME_EXCEPTION_FOR_EVER(Long.MAX_VALUE) {
    @Override
    Throwable failure() {
      return SAME;
    }
  },
  /** A failure without a message whose causes go round in a circle. */
  ODD_CAUSE(1) {
    @Override
    Throwable failure() {
      IOException failure = new IOException((String) null);
      failure.initCause(new CompletionException(MESSAGE, failure));
      return failure;
    }
  },
  /** The call hangs and goes on later, well. */
  HANG_THAT_ENDS(1),
  /** The store tells the outcome of a call twice, the second time a failure. */
  COMPLETED_TWICE(1),
  /** The store tells the outcome and then throws. */
  THROWN_AFTER_COMPLETION(1);

  static final String MESSAGE = "injected";
  private static final IOException SAME = new IOException(MESSAGE);

  private final long count;

  FaultKind(long count) {
    this.count = count;
  }

  Throwable failure() {
    return new IOException(MESSAGE);
  }

  long count() {
    return count;
  }

  /** Whether the call does what it should all the same, so that nobody may notice. */
  boolean isHarmless() {
    return this == HANG_THAT_ENDS || this == COMPLETED_TWICE || this == THROWN_AFTER_COMPLETION;
  }

  void inject(FaultyBlockStore store, long n, Operation operation) {
    store.failWith((call, number) -> failure());
    store.failAfter(this == SHORT_TRANSFER ? 512 : 0);
    store.failCalls(n, count, operation);
  }
}
