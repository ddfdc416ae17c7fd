package io.clonedevice.bench;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.MappedBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.store.RawDeviceBlockStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the stores of a clone are made of. */
enum Medium {
  /** Through the page cache. */
  FILE,
  /** Mapped into memory. */
  MMAP,
  /** With O_DIRECT. */
  RAW,
  /** In the heap; paths mean nothing. */
  MEMORY;

  static Medium named(String name) {
    return valueOf(name.toUpperCase(java.util.Locale.ROOT));
  }

  /** Opens what is there, or creates it. */
  BlockStore open(Path path, long size) throws IOException {
    return switch (this) {
      case FILE -> FileChannelBlockStore.openOrCreate(path, size);
      case MMAP -> MappedBlockStore.openOrCreate(path, size);
      case RAW -> RawDeviceBlockStore.openOrCreate(path, size);
      case MEMORY -> new MemoryBlockStore(size);
    };
  }

  /** Opens a file of random bytes, which is made if it is not there. */
  BlockStore openSource(BenchFiles files, String name, long size) throws IOException {
    if (this == MEMORY) {
      return new MemoryBlockStore(size).asReadOnly();
    }
    Path path = files.path(name);
    if (!Files.exists(path)) {
      files.random(name, size);
    }
    return switch (this) {
      case FILE -> FileChannelBlockStore.openReadOnly(path);
      case MMAP -> MappedBlockStore.openReadOnly(path);
      default -> RawDeviceBlockStore.openReadOnly(path);
    };
  }
}
