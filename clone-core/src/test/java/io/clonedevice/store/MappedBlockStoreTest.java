package io.clonedevice.store;

import java.io.IOException;
import java.nio.file.Path;

class MappedBlockStoreTest extends FileBackedContract {
  @Override
  protected BlockStore create(Path path, long size) throws IOException {
    return MappedBlockStore.create(path, size);
  }

  @Override
  protected BlockStore open(Path path) throws IOException {
    return MappedBlockStore.open(path);
  }

  @Override
  protected BlockStore openReadOnly(Path path) throws IOException {
    return MappedBlockStore.openReadOnly(path);
  }

  @Override
  protected BlockStore openOrCreate(Path path, long size) throws IOException {
    return MappedBlockStore.openOrCreate(path, size);
  }
}
