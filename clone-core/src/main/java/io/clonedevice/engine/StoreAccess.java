package io.clonedevice.engine;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.IoCompletion;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * Calls of a store as the engine makes them: on the thread at hand, which is one that may block
 * whenever a store may. A store that completes by itself on a thread of its own must not run the
 * blocking calls of another store there, so its completions hop to the request's continuations
 * then. Whatever a store does, each call has exactly one outcome.
 */
final class StoreAccess {
  private final BlockStore store;
  private final boolean hops;

  StoreAccess(BlockStore store, boolean otherStoreMayBlock) {
    this.store = store;
    this.hops = otherStoreMayBlock && store.execution() == BlockStore.Execution.ASYNCHRONOUS;
  }

  BlockStore store() {
    return store;
  }

  void read(long offset, ByteBuffer target, Executor continuations, IoCompletion completion) {
    start(completion, continuations, c -> store.readAsync(offset, target, c));
  }

  void write(long offset, ByteBuffer source, Executor continuations, IoCompletion completion) {
    start(completion, continuations, c -> store.writeAsync(offset, source, c));
  }

  void discard(long offset, long length, Executor continuations, IoCompletion completion) {
    start(completion, continuations, c -> store.discardAsync(offset, length, c));
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
