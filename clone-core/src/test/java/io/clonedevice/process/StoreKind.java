package io.clonedevice.process;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.MappedBlockStore;
import io.clonedevice.store.RawDeviceBlockStore;
import java.io.IOException;
import java.nio.file.Path;

/** The stores over files. */
enum StoreKind {
  FILE_CHANNEL(FileChannelBlockStore::open, FileChannelBlockStore::openReadOnly),
  MAPPED(MappedBlockStore::open, MappedBlockStore::openReadOnly),
  RAW(RawDeviceBlockStore::open, RawDeviceBlockStore::openReadOnly);

  private final Opener writable;
  private final Opener readOnly;

  private interface Opener {
    BlockStore open(Path path) throws IOException;
  }

  StoreKind(Opener writable, Opener readOnly) {
    this.writable = writable;
    this.readOnly = readOnly;
  }

  BlockStore open(Path path) throws IOException {
    return writable.open(path);
  }

  BlockStore openReadOnly(Path path) throws IOException {
    return readOnly.open(path);
  }
}
