package io.clonedevice.examples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A directory that is removed with all that is in it, on Ctrl-C too. */
final class TemporaryDirectory implements AutoCloseable {
  private final Path path;
  private final Thread hook;

  TemporaryDirectory(String prefix) throws IOException {
    path = Files.createTempDirectory(prefix);
    hook = new Thread(this::deleteQuietly, "clone-delete");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  Path path() {
    return path;
  }

  /** Removes a file or a directory with all that is in it. */
  static void delete(Path root) throws IOException {
    try (Stream<Path> tree = Files.walk(root)) {
      tree.sorted(Comparator.reverseOrder())
          .forEach(
              file -> {
                try {
                  Files.deleteIfExists(file);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  @Override
  public void close() throws IOException {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shuttingDown) {
      return; // the hook deletes
    }
    delete(path);
  }

  private void deleteQuietly() {
    try {
      delete(path);
    } catch (IOException e) {
      System.err.println("clone: " + path + " could not be removed: " + Errors.describe(e));
    }
  }
}
