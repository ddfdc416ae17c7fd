package io.clonedevice.store;

class FilterBlockStoreContractTest extends WrapperContract {
  @Override
  protected BlockStore wrap(BlockStore delegate) {
    return new FilterBlockStore(delegate);
  }
}
