package io.clonedevice.examples;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** A directory with the files of a clone. */
record CloneDirectory(Path path) {
  Path source() {
    return path.resolve("source");
  }

  Path destination() {
    return path.resolve("destination");
  }

  Path metadata() {
    return path.resolve("metadata");
  }

  /** Makes a source of random bytes. */
  CloneDirectory withSource(int size) throws IOException {
    write(source(), size);
    return this;
  }

  /** Makes a file of random bytes. */
  static void write(Path file, int size) throws IOException {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    Files.write(file, bytes);
  }

  /** Makes a file of zeroes that takes no room. */
  static void writeSparse(Path file, long size) throws IOException {
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(size);
    }
  }

  Tool run(Object... more) {
    return Tool.run(arguments(more));
  }

  /** The arguments of a run on this directory's files. */
  Object[] arguments(Object... more) {
    List<Object> arguments =
        new ArrayList<>(
            List.of(
                "run",
                "--source",
                source(),
                "--destination",
                destination(),
                "--metadata",
                metadata()));
    arguments.addAll(List.of(more));
    return arguments.toArray();
  }

  /** What is in the directory: size and checksum of every file, by name. */
  Map<String, String> contents() throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.list(path)) {
      for (Path file : files.toList()) {
        contents.put(file.getFileName().toString(), describe(file));
      }
    }
    return contents;
  }

  private static String describe(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      return "directory";
    }
    long size = Files.size(file);
    if (size > 1 << 30) {
      return size + " bytes";
    }
    CRC32C checksum = new CRC32C();
    checksum.update(Files.readAllBytes(file));
    return size + " bytes, checksum " + checksum.getValue();
  }
}
