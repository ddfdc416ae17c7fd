package io.clonedevice;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;

/**
 * What a metadata device in memory says, as somebody would find it after a crash of the process.
 */
final class OnDisk {
  private OnDisk() {}

  static long hydratedRegions(byte[] metadata) throws IOException {
    MemoryBlockStore copy = MemoryBlockStore.copyOf(metadata);
    try (CloneMetadata found = CloneMetadata.openReadOnly(new BlockStoreMetadataDevice(copy))) {
      return found.regionMap().hydratedCount();
    }
  }
}
