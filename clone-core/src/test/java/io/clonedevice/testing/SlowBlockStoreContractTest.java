package io.clonedevice.testing;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.WrapperContract;
import java.time.Duration;

class SlowBlockStoreContractTest extends WrapperContract {
  @Override
  protected BlockStore wrap(BlockStore delegate) {
    return new SlowBlockStore(delegate, Duration.ZERO);
  }
}
