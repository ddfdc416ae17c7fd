package io.clonedevice;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionMap;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.FilterBlockStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;
import java.util.TreeSet;

/** Which regions the metadata on a medium says to be hydrated. */
final class CommittedRegions {
  private CommittedRegions() {}

  static Set<Long> on(BlockStore medium) {
    BlockStore keptOpen =
        new FilterBlockStore(medium) {
          @Override
          public void close() {}
        };
    try (CloneMetadata metadata =
        CloneMetadata.openReadOnly(new BlockStoreMetadataDevice(keptOpen))) {
      Set<Long> regions = new TreeSet<>();
      RegionMap map = metadata.regionMap();
      for (long region = 0; region < metadata.geometry().regionCount(); region++) {
        if (map.isHydrated(region)) {
          regions.add(region);
        }
      }
      return regions;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
