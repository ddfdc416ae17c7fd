package io.clonedevice.store;

import java.io.IOException;
import java.nio.file.Path;

class FileChannelBlockStoreOnLoopDeviceTest extends LoopDeviceContract {
  @Override
  protected BlockStore open(Path path) throws IOException {
    return FileChannelBlockStore.open(path);
  }

  @Override
  protected BlockStore openReadOnly(Path path) throws IOException {
    return FileChannelBlockStore.openReadOnly(path);
  }
}
