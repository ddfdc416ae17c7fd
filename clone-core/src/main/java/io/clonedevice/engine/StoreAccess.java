package io.clonedevice.engine;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.IoCompletion;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;

/**
 * Calls of a store as the engine makes them: on the thread at hand, which is one that may block
 * whenever a store may. A store that completes by itself on a thread of its own must not run the
 * blocking calls of another store there, so its completions hop to the request's continuations
 * then.
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

  private void start(
      IoCompletion completion,
      Executor continuations,
      java.util.function.Consumer<IoCompletion> call) {
    IoCompletion target = hops ? hop(completion, continuations) : completion;
    try {
      call.accept(target);
    } catch (RuntimeException | Error e) {
      // The call was refused, so the store will not complete it.
      completion.completed(e);
    }
  }

  private static IoCompletion hop(IoCompletion completion, Executor continuations) {
    return failure -> {
      try {
        continuations.execute(() -> completion.completed(failure));
      } catch (RuntimeException | Error e) {
        completion.completed(failure == null ? e : failure);
      }
    };
  }
}
