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
    boolean missing = !Files.exists(path);
    if (missing) {
      requireParent(path);
    }
    try (MetadataDevice target =
        missing ? MetadataFile.create(path, sizeIfMissing) : MetadataFile.openAlone(path, false)) {
      writing.run(target);
    } catch (IOException | RuntimeException e) {
      if (missing) {
        removeAfter(e, path);
      }
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
