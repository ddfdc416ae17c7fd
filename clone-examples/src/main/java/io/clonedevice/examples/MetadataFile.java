package io.clonedevice.examples;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.tool.MetadataCheck;
import io.clonedevice.metadata.tool.MetadataSummary;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.RawDeviceBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Opens a metadata device: to look at it as of its last commit, which does not disturb a clone that
 * is at work on it; or for itself alone, to repair or write it.
 */
final class MetadataFile {
  /** A clone at work commits once a second, so the second attempt nearly always meets none. */
  private static final int ATTEMPTS = 5;

  private MetadataFile() {}

  /**
   * Tells the figures of the metadata.
   *
   * @throws IOException if it cannot be read or is damaged; the message names the first fault
   */
  static MetadataSummary summary(Path path) throws IOException {
    try (CloneMetadata metadata = load(path)) {
      return MetadataSummary.of(metadata);
    }
  }

  /**
   * Reads the metadata.
   *
   * @throws IOException if it cannot be read or is damaged; the message names the first fault
   */
  static CloneMetadata load(Path path) throws IOException {
    return undisturbed(
        path,
        () -> {
          MetadataDevice device = open(path);
          try {
            return CloneMetadata.openReadOnly(device);
          } catch (IOException | RuntimeException e) {
            device.close();
            throw e;
          }
        });
  }

  /**
   * Tells what is wrong with the metadata.
   *
   * @throws IOException if it cannot be opened
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

  /**
   * Opens a metadata device that nobody else uses.
   *
   * @throws IOException if it cannot be opened or is in use
   */
  static MetadataDevice openAlone(Path path, boolean readOnly) throws IOException {
    refuseDirectory(path);
    BlockStore store;
    if (readOnly) {
      store = FileChannelBlockStore.openReadOnly(path);
    } else if (Files.isRegularFile(path)) {
      store = FileChannelBlockStore.open(path);
    } else {
      store = RawDeviceBlockStore.open(path);
    }
    return lock(path, store);
  }

  /**
   * Makes a metadata file of zeroes.
   *
   * @throws IOException if it is there already or cannot be made
   */
  static MetadataDevice create(Path path, long size) throws IOException {
    return lock(path, FileChannelBlockStore.create(path, size));
  }

  private static MetadataDevice lock(Path path, BlockStore store) throws IOException {
    try {
      if (!store.tryLock()) {
        throw new FileSystemException(
            path.toString(), null, "is in use; stop the clone that is at work on it");
      }
      return new BlockStoreMetadataDevice(store);
    } catch (IOException | RuntimeException e) {
      store.close();
      throw e;
    }
  }

  private static MetadataDevice open(Path path) throws IOException {
    refuseDirectory(path);
    return new BlockStoreMetadataDevice(FileChannelBlockStore.openReadOnly(path));
  }

  private static void refuseDirectory(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      throw new FileSystemException(
          path.toString(), null, "is a directory; the metadata must be a file or a block device");
    }
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
        if (sameSuperblock(before, superblock(device))) {
          if (failure != null) {
            throw failure;
          }
          return result;
        }
        if (result instanceof CloneMetadata disturbed) {
          disturbed.close();
        }
      }
    }
    throw new IOException(
        path + " changes faster than it can be read; stop the clone that is at work on it");
  }

  /** Nothing commits to a device whose superblock cannot be read: that is stable, too. */
  private static boolean sameSuperblock(ByteBuffer before, ByteBuffer after) {
    return before == null ? after == null : before.equals(after);
  }

  /** Returns block 0, or null if it cannot be read. */
  private static ByteBuffer superblock(MetadataDevice device) {
    if (device.blockCount() == 0) {
      return ByteBuffer.allocate(0);
    }
    ByteBuffer block = ByteBuffer.allocateDirect(MetadataDevice.BLOCK_SIZE);
    try {
      device.read(0, block);
    } catch (IOException e) {
      return null; // the reading proper says so
    }
    return block.flip();
  }

  /** Reads a metadata device from beginning to end. */
  private interface Reading<T> {
    T run() throws IOException;
  }
}
