package io.clonedevice.store;

import java.io.IOException;
import java.nio.file.Path;

class MappedBlockStoreOnLoopDeviceTest extends LoopDeviceContract {
  @Override
  protected BlockStore open(Path path) throws IOException {
    return MappedBlockStore.open(path);
  }

  @Override
  protected BlockStore openReadOnly(Path path) throws IOException {
    return MappedBlockStore.openReadOnly(path);
  }
}
