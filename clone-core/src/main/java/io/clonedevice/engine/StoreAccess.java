package io.clonedevice.engine;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.IoCompletion;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * Calls of a store as the engine makes them. Whatever a store does, each call has exactly one
 * outcome.
 *
 * <p>A store that blocks or returns at once is called on the thread at hand, which is one that may
 * block whenever a store may: its call returns or throws, once. A store that completes by itself,
 * on a thread of its own, may do so twice, and must not run the blocking calls of another store
 * there, so its completions hop to the request's continuations then.
 */
final class StoreAccess {
  private final BlockStore store;
  private final boolean asynchronous;
  private final boolean hops;

  StoreAccess(BlockStore store, boolean otherStoreMayBlock) {
    this.store = store;
    this.asynchronous = store.execution() == BlockStore.Execution.ASYNCHRONOUS;
    this.hops = otherStoreMayBlock && asynchronous;
  }

  BlockStore store() {
    return store;
  }

  void read(long offset, ByteBuffer target, Executor continuations, IoCompletion completion) {
    if (asynchronous) {
      start(completion, continuations, c -> store.readAsync(offset, target, c));
    } else {
      completion.run(() -> store.read(offset, target));
    }
  }

  void write(long offset, ByteBuffer source, Executor continuations, IoCompletion completion) {
    if (asynchronous) {
      start(completion, continuations, c -> store.writeAsync(offset, source, c));
    } else {
      completion.run(() -> store.write(offset, source));
    }
  }

  void writeUncached(
      long offset, ByteBuffer source, Executor continuations, IoCompletion completion) {
    if (asynchronous) {
      write(offset, source, continuations, completion);
    } else {
      completion.run(() -> store.writeUncached(offset, source));
    }
  }

  void discard(long offset, long length, Executor continuations, IoCompletion completion) {
    if (asynchronous) {
      start(completion, continuations, c -> store.discardAsync(offset, length, c));
    } else {
      completion.run(() -> store.discard(offset, length));
    }
  }

  private void start(IoCompletion completion, Executor continuations, Consumer<IoCompletion> call) {
    FirstOutcome outcome = new FirstOutcome(store, completion, hops ? continuations : null);
    try {
      call.accept(outcome);
    } catch (RuntimeException | Error e) {
      // The call was refused, so the store will not complete it.
      outcome.completed(e);
    }
  }
}
