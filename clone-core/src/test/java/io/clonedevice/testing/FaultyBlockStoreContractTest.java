package io.clonedevice.testing;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.WrapperContract;

class FaultyBlockStoreContractTest extends WrapperContract {
  @Override
  protected BlockStore wrap(BlockStore delegate) {
    return new FaultyBlockStore(delegate);
  }
}
