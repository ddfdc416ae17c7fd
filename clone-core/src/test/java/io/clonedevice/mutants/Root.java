package io.clonedevice.mutants;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the project and its classes are. */
final class Root {
  /** The folder of the parent project. */
  static final Path FOLDER = find();

  /** What this JVM runs with, and the tests of the metadata module if they were compiled. */
  static final String CLASS_PATH =
      System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
          + File.pathSeparator
          + FOLDER.resolve("clone-metadata/target/test-classes");

  private Root() {}

  private static Path find() {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null && !Files.isDirectory(folder.resolve("clone-core"))) {
      folder = folder.getParent();
    }
    if (folder == null) {
      throw new IllegalStateException("the sources are not here; run this inside the project");
    }
    return folder;
  }
}
