package io.clonedevice.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.Stream;

/** Files for benchmarks, in a directory of their own under {@code java.io.tmpdir}. */
final class BenchFiles implements AutoCloseable {
  private final Path directory;

  BenchFiles() throws IOException {
    directory = Files.createTempDirectory("clone-bench");
  }

  Path path(String name) {
    return directory.resolve(name);
  }

  /** A file of random bytes, written through and left in the page cache. */
  Path random(String name, long size) throws IOException {
    Path file = path(name);
    byte[] chunk = new byte[1 << 20];
    Random random = new Random(1);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long written = 0; written < size; written += chunk.length) {
        random.nextBytes(chunk);
        channel.write(ByteBuffer.wrap(chunk, 0, (int) Math.min(chunk.length, size - written)));
      }
      channel.force(true);
    }
    return file;
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
