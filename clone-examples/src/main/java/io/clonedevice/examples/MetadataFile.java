package io.clonedevice.examples;

import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.persistent.FaultSink;
import io.clonedevice.metadata.persistent.MetadataFault;
import io.clonedevice.metadata.persistent.MetadataReader;
import io.clonedevice.metadata.persistent.Superblock;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a metadata device says, as of its last commit. It is only read; a clone that is at work on
 * it is not disturbed.
 *
 * @param geometry sizes of device and regions
 * @param hydrated number of hydrated regions
 * @param usedBlocks metadata blocks in use
 * @param totalBlocks metadata blocks managed
 * @param ranges the hydrated regions: first region and count of each range, ascending
 */
record MetadataFile(
    RegionGeometry geometry,
    long hydrated,
    long usedBlocks,
    long totalBlocks,
    List<long[]> ranges) {
  /** A clone at work commits once a second, so the second attempt nearly always meets none. */
  private static final int ATTEMPTS = 5;

  /**
   * Reads a metadata device.
   *
   * @throws IOException if it cannot be read or is damaged; the message names the first fault
   */
  static MetadataFile read(Path path) throws IOException {
    return undisturbed(path, blocks -> decode(new MetadataReader(blocks, FaultSink.THROWING)));
  }

  /** Checks a metadata device; returns every fault. */
  static List<String> check(Path path) throws IOException {
    return undisturbed(
        path,
        blocks -> {
          List<String> faults = new ArrayList<>();
          FaultSink collect = (MetadataFault fault) -> faults.add(fault.message());
          decode(new MetadataReader(blocks, collect));
          return faults;
        });
  }

  private static MetadataFile decode(MetadataReader reader) throws IOException {
    Superblock superblock = reader.readSuperblock();
    if (superblock == null) {
      return null;
    }
    RegionGeometry geometry =
        new RegionGeometry(
            superblock.deviceSectors() * RegionGeometry.SECTOR_SIZE,
            superblock.regionSectors() * RegionGeometry.SECTOR_SIZE);
    HydratedRanges ranges = new HydratedRanges(geometry.regionCount());
    reader.read((arrayBlock, words) -> ranges.add(words));
    return new MetadataFile(
        geometry,
        ranges.regionCount(),
        superblock.allocatedBlocks(),
        superblock.blockCount(),
        ranges.ranges());
  }

  /**
   * Runs something between two looks at the superblock that show the same: a commit writes only
   * blocks that the superblock does not lead to, so nothing that was read in between has changed.
   */
  private static <T> T undisturbed(Path path, Reading<T> reading) throws IOException {
    if (Files.isDirectory(path)) {
      throw new FileSystemException(
          path.toString(), null, "is a directory; the metadata must be a file or a block device");
    }
    try (BlockStore store = FileChannelBlockStore.openReadOnly(path)) {
      ReadOnlyBlocks blocks = new ReadOnlyBlocks(store);
      for (int attempt = 1; ; attempt++) {
        ByteBuffer before = blocks.superblock();
        T result = null;
        IOException failure = null;
        try {
          result = reading.from(blocks);
        } catch (IOException e) {
          failure = e;
        }
        if (before.equals(blocks.superblock())) {
          if (failure != null) {
            throw failure;
          }
          return result;
        }
        if (attempt == ATTEMPTS) {
          throw new IOException(
              path + " changes faster than it can be read; stop the clone that is at work on it");
        }
      }
    }
  }

  /** Reads something off a metadata device. */
  private interface Reading<T> {
    T from(ReadOnlyBlocks blocks) throws IOException;
  }
}
