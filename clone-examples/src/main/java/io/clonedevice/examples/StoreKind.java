package io.clonedevice.examples;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.MappedBlockStore;
import io.clonedevice.store.RawDeviceBlockStore;
import java.io.IOException;
import java.nio.file.Path;

/** How source and destination are accessed. */
enum StoreKind {
  /** Positional reads and writes through the page cache. */
  FILE(FileChannelBlockStore::openReadOnly, FileChannelBlockStore::open),
  /** Memory mapped. */
  MMAP(MappedBlockStore::openReadOnly, MappedBlockStore::open),
  /** Past the page cache; for block devices. */
  RAW(RawDeviceBlockStore::openReadOnly, RawDeviceBlockStore::open);

  private final Opener readOnly;
  private final Opener readWrite;

  StoreKind(Opener readOnly, Opener readWrite) {
    this.readOnly = readOnly;
    this.readWrite = readWrite;
  }

  BlockStore openReadOnly(Path path) throws IOException {
    return readOnly.open(path);
  }

  BlockStore open(Path path) throws IOException {
    return readWrite.open(path);
  }

  /** Opens a store at a path. */
  private interface Opener {
    BlockStore open(Path path) throws IOException;
  }
}
