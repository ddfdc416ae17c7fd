package io.clonedevice.bench;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.file.Path;

/** Metadata files of the largest clone there is: 2^31 regions, 8 TiB at 4 KiB a region. */
final class ScaledMetadata {
  static final long REGIONS = RegionGeometry.MAX_REGION_COUNT;
  static final RegionGeometry GEOMETRY = new RegionGeometry(REGIONS * 4096, 4096);

  /** Regions whose bits share a metadata block. */
  static final int REGIONS_PER_BLOCK = 509 * 64;

  /** How far hydration has come. */
  enum Progress {
    /** No region is hydrated. */
    NONE {
      @Override
      void mark(CloneMetadata metadata) {}
    },
    /** The first half is hydrated, as by background hydration alone. */
    HALF {
      @Override
      void mark(CloneMetadata metadata) throws IOException {
        metadata.markHydrated(0, REGIONS / 2);
      }
    },
    /** All but the last region are hydrated. */
    ALL_BUT_LAST {
      @Override
      void mark(CloneMetadata metadata) throws IOException {
        metadata.markHydrated(0, REGIONS - 1);
      }
    },
    /** One region in each metadata block is hydrated: the map has no uniform stretch. */
    SCATTERED {
      @Override
      void mark(CloneMetadata metadata) throws IOException {
        for (long region = 4321; region < REGIONS; region += REGIONS_PER_BLOCK) {
          metadata.markHydrated(region, 1);
        }
      }
    };

    abstract void mark(CloneMetadata metadata) throws IOException;
  }

  private ScaledMetadata() {}

  /** Makes a file; it stays in the page cache. */
  static Path create(BenchFiles files, Progress progress) throws IOException {
    Path file = files.path(progress.name());
    FileChannelBlockStore.create(file, MetadataSize.forRegions(REGIONS)).close();
    try (CloneMetadata metadata = CloneMetadata.open(device(file), GEOMETRY)) {
      progress.mark(metadata);
      metadata.finishCommit(metadata.beginCommit());
    }
    return file;
  }

  static CountingMetadataDevice device(Path file) throws IOException {
    return new CountingMetadataDevice(
        new BlockStoreMetadataDevice(FileChannelBlockStore.open(file)));
  }

  static CloneMetadata open(Path file) throws IOException {
    return CloneMetadata.open(device(file), GEOMETRY);
  }
}
