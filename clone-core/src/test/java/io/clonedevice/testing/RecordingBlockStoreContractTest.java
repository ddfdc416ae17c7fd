package io.clonedevice.testing;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.WrapperContract;

class RecordingBlockStoreContractTest extends WrapperContract {
  @Override
  protected BlockStore wrap(BlockStore delegate) {
    return new RecordingBlockStore(delegate);
  }
}
