package io.clonedevice.store;

import io.clonedevice.testing.BlockStoreContract;
import java.util.HashMap;
import java.util.Map;

/** {@link BlockStoreContract} for a wrapper, around a store in memory. */
public abstract class WrapperContract extends BlockStoreContract {
  private final Map<Object, MemoryBlockStore> delegates = new HashMap<>();

  /** Wraps a store so that it behaves like it. */
  protected abstract BlockStore wrap(BlockStore delegate);

  @Override
  protected BlockStore create(long size) {
    MemoryBlockStore delegate = new MemoryBlockStore(size);
    delegates.put(delegate.identity(), delegate);
    return wrap(delegate);
  }

  @Override
  protected BlockStore openReadOnly(BlockStore store) {
    return wrap(delegates.get(store.identity()).asReadOnly());
  }
}
