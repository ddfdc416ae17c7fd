package io.clonedevice.store;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes the file that a store is opened on, and takes it away again if that fails. */
final class FileCreation {
  private FileCreation() {}

  /** Opens a store on an existing file. */
  @FunctionalInterface
  interface Opening<S> {
    S open(Path path) throws IOException;
  }

  static <S extends BlockStore> S create(Path path, long size, Opening<S> opening)
      throws IOException {
    if (size <= 0 || size % 512 != 0) {
      throw new IllegalArgumentException(
          "size of " + path + " is " + size + " bytes; use a positive multiple of 512");
    }
    Files.createFile(path);
    try {
      try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
        file.setLength(size);
      }
      // Somebody may have found the file, and locked it, before its descriptors were closed here.
      UninterruptibleFile.descriptorClosed(FileIdentity.of(path));
      return opening.open(path);
    } catch (Throwable e) {
      try {
        Files.deleteIfExists(path);
      } catch (IOException second) {
        e.addSuppressed(second);
      }
      throw e;
    }
  }

  static <S extends FileBackedBlockStore> S openOrCreate(Path path, long size, Opening<S> opening)
      throws IOException {
    try {
      return create(path, size, opening);
    } catch (FileAlreadyExistsException e) {
      S store = opening.open(path);
      try {
        checkLength(path, store.file().size(), size);
        return store;
      } catch (Throwable failure) {
        closeAfter(failure, store);
        throw failure;
      }
    }
  }

  /** Of the file, which may be longer than the store: that ends with a whole block. */
  private static void checkLength(Path path, long has, long needed) throws IOException {
    if (has < needed) {
      throw new IOException(
          path
              + " exists with "
              + has
              + " bytes, "
              + needed
              + " are needed; make it longer, remove it or name another");
    }
  }

  private static void closeAfter(Throwable failure, BlockStore store) {
    try {
      store.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
