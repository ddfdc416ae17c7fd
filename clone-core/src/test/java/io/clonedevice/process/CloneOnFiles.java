package io.clonedevice.process;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneDeviceBuilder;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** The files of a clone that outlives the processes that work on it. */
record CloneOnFiles(Path directory) {
  static final int REGION_SECTORS = 16;
  static final int SECTORS = 2000 * REGION_SECTORS - 8;
  static final int REGIONS = (SECTORS + REGION_SECTORS - 1) / REGION_SECTORS;
  static final int SIZE = SECTORS * SectorContent.SECTOR;
  private static final int REGION_SIZE = REGION_SECTORS * SectorContent.SECTOR;

  Path source() {
    return directory.resolve("source");
  }

  Path destination() {
    return directory.resolve("destination");
  }

  Path metadata() {
    return directory.resolve("metadata");
  }

  /** A source whose sectors tell who they are, and a destination of old bytes. */
  CloneOnFiles create() throws IOException {
    Files.createDirectory(directory);
    Files.write(source(), SectorContent.of(SectorContent.SOURCE, 0, SECTORS).array());
    byte[] old = new byte[SIZE];
    Arrays.fill(old, (byte) 0xDD);
    Files.write(destination(), old);
    blankMetadata();
    return this;
  }

  /** Makes it a clone that nobody has opened yet. */
  void blankMetadata() throws IOException {
    Files.deleteIfExists(metadata());
    FileChannelBlockStore.create(metadata(), MetadataSize.forRegions(REGIONS)).close();
  }

  CloneDeviceBuilder builder(StoreKind kind) throws IOException {
    return builder(kind, kind.open(destination()), kind.open(metadata()));
  }

  CloneDeviceBuilder builder(StoreKind kind, BlockStore destination, BlockStore metadata)
      throws IOException {
    return CloneDevice.builder()
        .source(kind.openReadOnly(source()))
        .destination(destination)
        .metadata(metadata)
        .regionSize(REGION_SIZE)
        .discardedReadsZeroes(true);
  }

  static RegionGeometry geometry() {
    return new RegionGeometry(SIZE, REGION_SIZE);
  }

  static ByteBuffer readAll(CloneDevice device) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(SIZE);
    device.blocking().read(0, all);
    return all.flip();
  }
}
