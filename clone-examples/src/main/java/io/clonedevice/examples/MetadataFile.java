package io.clonedevice.examples;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.tool.MetadataCheck;
import io.clonedevice.metadata.tool.MetadataDump;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Looks at a metadata device as of its last commit. It is only read; a clone that is at work on it
 * is not disturbed.
 */
final class MetadataFile {
  /** A clone at work commits once a second, so the second attempt nearly always meets none. */
  private static final int ATTEMPTS = 5;

  private MetadataFile() {}

  /**
   * Tells what the metadata says.
   *
   * @throws IOException if it cannot be read or is damaged; the message names the first fault
   */
  static MetadataDump dump(Path path) throws IOException {
    return undisturbed(
        path,
        () -> {
          MetadataDevice device = open(path);
          CloneMetadata metadata;
          try {
            metadata = CloneMetadata.openReadOnly(device);
          } catch (IOException | RuntimeException e) {
            device.close();
            throw e;
          }
          try (metadata) {
            return MetadataDump.of(metadata);
          }
        });
  }

  /**
   * Tells what is wrong with the metadata.
   *
   * @throws IOException if it cannot be read
   */
  static MetadataCheck check(Path path) throws IOException {
    return undisturbed(
        path,
        () -> {
          try (MetadataDevice device = open(path)) {
            return MetadataCheck.of(device);
          }
        });
  }

  private static MetadataDevice open(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      throw new FileSystemException(
          path.toString(), null, "is a directory; the metadata must be a file or a block device");
    }
    return new BlockStoreMetadataDevice(FileChannelBlockStore.openReadOnly(path));
  }

  /**
   * Runs something between two looks at the superblock that show the same: a commit writes only
   * blocks that the superblock does not lead to, so nothing that was read in between has changed.
   */
  private static <T> T undisturbed(Path path, Reading<T> reading) throws IOException {
    try (MetadataDevice device = open(path)) {
      for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
        ByteBuffer before = superblock(device);
        T result = null;
        IOException failure = null;
        try {
          result = reading.run();
        } catch (IOException e) {
          failure = e;
        }
        if (before.equals(superblock(device))) {
          if (failure != null) {
            throw failure;
          }
          return result;
        }
      }
    }
    throw new IOException(
        path + " changes faster than it can be read; stop the clone that is at work on it");
  }

  private static ByteBuffer superblock(MetadataDevice device) throws IOException {
    if (device.blockCount() == 0) {
      return ByteBuffer.allocate(0);
    }
    ByteBuffer block = ByteBuffer.allocateDirect(MetadataDevice.BLOCK_SIZE);
    device.read(0, block);
    return block.flip();
  }

  /** Reads a metadata device from beginning to end. */
  private interface Reading<T> {
    T run() throws IOException;
  }
}
