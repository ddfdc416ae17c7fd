package io.clonedevice.examples;

import io.clonedevice.metadata.MetadataDevice;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A metadata device to be written: makes the file if it is missing, and takes it away again. */
final class NewMetadata {
  private NewMetadata() {}

  /** Writes to a device. */
  interface Writing {
    void run(MetadataDevice target) throws IOException;
  }

  /**
   * Opens or makes a metadata device and writes it.
   *
   * @throws IOException if that failed; a file that was made is gone then
   */
  static void write(Path path, long sizeIfMissing, Writing writing) throws IOException {
    if (Files.exists(path)) {
      try (MetadataDevice target = MetadataFile.openAlone(path, false)) {
        writing.run(target);
      }
      return;
    }
    requireParent(path);
    // Fails if somebody else has made the file meanwhile: then it is not ours to take away.
    try (MetadataDevice target = MetadataFile.create(path, sizeIfMissing)) {
      runOrRemove(path, target, writing);
    }
  }

  /** Removes the file while it is locked still: afterwards it may be somebody else's. */
  private static void runOrRemove(Path path, MetadataDevice target, Writing writing)
      throws IOException {
    try {
      writing.run(target);
    } catch (IOException | RuntimeException e) {
      removeAfter(e, path);
      throw e;
    }
  }

  private static void requireParent(Path path) throws IOException {
    Path parent = path.toAbsolutePath().getParent();
    if (parent != null && !Files.isDirectory(parent)) {
      throw new FileSystemException(
          path.toString(), null, "directory " + parent + " does not exist; make it first");
    }
  }

  private static void removeAfter(Exception failure, Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
