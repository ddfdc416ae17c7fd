package io.clonedevice.testing;

import io.clonedevice.store.BlockStore;

class CrashingBlockStoreOf4096Test extends BlockStoreContract {
  @Override
  protected BlockStore create(long size) {
    return new CrashingBlockStore(size, block());
  }

  @Override
  protected BlockStore openReadOnly(BlockStore other) {
    return ((CrashingBlockStore) other).asReadOnly();
  }

  @Override
  protected int block() {
    return 4096;
  }
}
