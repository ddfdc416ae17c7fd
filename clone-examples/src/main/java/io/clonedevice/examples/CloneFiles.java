package io.clonedevice.examples;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.RawDeviceBlockStore;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The source and the two files of a clone: makes those that are missing, and takes them away again
 * when the clone cannot be opened; files that were there before are never removed.
 */
final class CloneFiles {
  private static final int METADATA_BLOCK_SIZE = 4096;

  private final StoreKind kind;
  private final SourceLocation source;
  private final Path destination;
  private final Path metadata;
  private final Deque<Closeable> opened = new ArrayDeque<>();
  private final Deque<Path> created = new ArrayDeque<>();

  CloneFiles(StoreKind kind, SourceLocation source, Path destination, Path metadata) {
    this.kind = kind;
    this.source = source;
    this.destination = destination;
    this.metadata = metadata;
  }

  Path destination() {
    return destination;
  }

  Path metadata() {
    return metadata;
  }

  /**
   * Refuses paths that can never work, before anything is opened or made.
   *
   * @throws IllegalArgumentException if two of them are the same file
   * @throws IOException if one is missing or is a directory
   */
  void check() throws IOException {
    source.check();
    refuseDirectory(destination, "destination");
    refuseDirectory(metadata, "metadata");
    requireParent(destination);
    requireParent(metadata);
    if (source.path().isPresent()) {
      refuseSame("source", source.path().get(), "destination", destination);
      refuseSame("source", source.path().get(), "metadata", metadata);
    }
    refuseSame("destination", destination, "metadata", metadata);
  }

  boolean destinationExists() {
    return Files.exists(destination);
  }

  /** Whether there is something on the metadata device; if it is all zeroes the clone is new. */
  boolean hasMetadata() throws IOException {
    if (!Files.exists(metadata)) {
      return false;
    }
    ByteBuffer block = ByteBuffer.allocate(METADATA_BLOCK_SIZE);
    try (FileChannel channel = FileChannel.open(metadata, StandardOpenOption.READ)) {
      while (block.hasRemaining() && channel.read(block, block.position()) > 0) {
        continue;
      }
    }
    block.flip();
    while (block.hasRemaining()) {
      if (block.get() != 0) {
        return true;
      }
    }
    return false;
  }

  BlockStore openSource() throws IOException {
    return register(source.open(kind));
  }

  /** Opens the destination; makes it first if it is missing. */
  BlockStore openDestination(long sizeIfMissing) throws IOException {
    createIfMissing(destination, sizeIfMissing);
    return register(kind.open(destination));
  }

  /** Opens the metadata device; makes it first if it is missing. */
  BlockStore openMetadata(long sizeIfMissing) throws IOException {
    createIfMissing(metadata, sizeIfMissing);
    boolean device = !Files.isRegularFile(metadata);
    return register(
        device ? RawDeviceBlockStore.open(metadata) : FileChannelBlockStore.open(metadata));
  }

  /** Closes what was opened and removes what was made, because of a failure. */
  void undo(Throwable failure) {
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
    while (!created.isEmpty()) {
      try {
        Files.deleteIfExists(created.pop());
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
  }

  private BlockStore register(BlockStore store) {
    opened.push(store);
    return store;
  }

  private void createIfMissing(Path path, long size) throws IOException {
    if (!Files.exists(path)) {
      FileChannelBlockStore.create(path, size).close();
      created.push(path);
    }
  }

  static void refuseDirectory(Path path, String role) throws IOException {
    if (Files.isDirectory(path)) {
      throw new FileSystemException(
          path.toString(),
          null,
          "is a directory; the " + role + " must be a file or a block device");
    }
  }

  private static void requireParent(Path path) throws IOException {
    Path parent = path.toAbsolutePath().getParent();
    if (parent != null && !Files.isDirectory(parent)) {
      throw new FileSystemException(
          path.toString(), null, "directory " + parent + " does not exist; make it first");
    }
  }

  private static void refuseSame(String role, Path path, String otherRole, Path other)
      throws IOException {
    boolean same =
        (Files.exists(path) && Files.exists(other))
            ? Files.isSameFile(path, other)
            : path.toAbsolutePath().normalize().equals(other.toAbsolutePath().normalize());
    if (same) {
      throw new IllegalArgumentException(
          role + " and " + otherRole + " are the same file, " + path + "; give two files");
    }
  }
}
