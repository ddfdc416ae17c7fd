package io.clonedevice.store;

import java.io.IOException;
import java.nio.file.Path;

class RawDeviceBlockStoreOnLoopDeviceTest extends LoopDeviceContract {
  @Override
  protected BlockStore open(Path path) throws IOException {
    return RawDeviceBlockStore.open(path);
  }

  @Override
  protected BlockStore openReadOnly(Path path) throws IOException {
    return RawDeviceBlockStore.openReadOnly(path);
  }

  @Override
  protected int block() {
    return 4096;
  }
}
