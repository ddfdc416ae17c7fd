package io.clonedevice.store;

import java.io.IOException;
import java.nio.file.Path;

class FileChannelBlockStoreTest extends FileBackedContract {
  @Override
  protected BlockStore create(Path path, long size) throws IOException {
    return FileChannelBlockStore.create(path, size);
  }

  @Override
  protected BlockStore open(Path path) throws IOException {
    return FileChannelBlockStore.open(path);
  }

  @Override
  protected BlockStore openReadOnly(Path path) throws IOException {
    return FileChannelBlockStore.openReadOnly(path);
  }

  @Override
  protected BlockStore openOrCreate(Path path, long size) throws IOException {
    return FileChannelBlockStore.openOrCreate(path, size);
  }
}
