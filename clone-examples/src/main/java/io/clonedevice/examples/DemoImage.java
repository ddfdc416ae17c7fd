package io.clonedevice.examples;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/**
 * What the demo clones: an ext4 file system of real files, one of which the demo may write to.
 *
 * <p>That file, {@code scratch}, is made of blocks that each begin with a mark; so its blocks can
 * be found in the image without knowing the file system, and written without harming it.
 *
 * @param path the image
 * @param size bytes
 * @param description what it is, for people
 * @param isExt4 whether it is a file system that e2fsck can check after the demo's writes
 * @param scratchOffsets where the demo writes: bytes, multiples of {@link #BLOCK_SIZE}
 */
record DemoImage(
    Path path, long size, String description, boolean isExt4, List<Long> scratchOffsets) {
  /** Bytes in a block of the file system and in a write of the demo. */
  static final int BLOCK_SIZE = 4096;

  private static final byte[] MARK = "clone-demo-scratch-block".getBytes(StandardCharsets.US_ASCII);
  private static final int SCRATCH_BLOCKS = 2048;
  private static final long CONTENT_MAX = 200L << 20;
  private static final long ROOM = 56L << 20;
  private static final int RANDOM_WRITES = 2048;

  /** Uses the user's image; the demo writes anywhere on the clone. */
  static DemoImage ofUser(Path path, Random random) throws IOException {
    long size = Files.size(path) / 512 * 512;
    if (size < 16L * BLOCK_SIZE) {
      throw new IllegalArgumentException(
          path + " has " + size + " bytes; the demo needs an image of at least 64 KiB");
    }
    return new DemoImage(
        path, size, path + ", " + ByteSize.format(size), false, anywhere(size, random));
  }

  /** Makes an image out of files of this Java installation; ext4 where mke2fs is installed. */
  static DemoImage make(Path directory, Random random) throws IOException, InterruptedException {
    Path files = Files.createDirectory(directory.resolve("files"));
    long usable = Files.getFileStore(directory).getUsableSpace();
    long content = copyFiles(Path.of(System.getProperty("java.home")), files, usable / 5);
    writeScratch(files.resolve("scratch"));
    Path image = directory.resolve("source.img");
    long size = (content + content / 16 + ROOM) >>> 20 << 20;
    Optional<Path> mke2fs = Programs.find("mke2fs");
    boolean ext4 = mke2fs.isPresent();
    if (ext4) {
      Programs.run(
          mke2fs.get().toString(),
          "-q",
          "-F",
          "-t",
          "ext4",
          "-b",
          Integer.toString(BLOCK_SIZE),
          "-d",
          files.toString(),
          image.toString(),
          (size >>> 10) + "k");
    } else {
      concatenate(files, image, size);
    }
    TemporaryDirectory.delete(files);
    List<Long> scratch = findScratch(image);
    if (scratch.size() != SCRATCH_BLOCKS) {
      throw new IOException(
          image + " holds " + scratch.size() + " scratch blocks, not " + SCRATCH_BLOCKS);
    }
    String what =
        ext4
            ? "an ext4 file system of this Java installation's files"
            : "this Java installation's files in a row (no mke2fs here)";
    return new DemoImage(image, size, what + ", " + ByteSize.format(size), ext4, scratch);
  }

  private static List<Long> anywhere(long size, Random random) {
    return random
        .longs(RANDOM_WRITES, 0, size / BLOCK_SIZE)
        .map(block -> block * BLOCK_SIZE)
        .distinct()
        .boxed()
        .toList();
  }

  private static long copyFiles(Path from, Path to, long room) throws IOException {
    long budget = Math.min(CONTENT_MAX, room);
    long copied = 0;
    try (Stream<Path> tree = Files.walk(from, FileVisitOption.FOLLOW_LINKS)) {
      for (Iterator<Path> files = tree.filter(Files::isReadable).iterator(); files.hasNext(); ) {
        Path file = files.next();
        long size = Files.size(file);
        if (Files.isRegularFile(file) && copied + size <= budget) {
          Path copy = to.resolve(from.relativize(file).toString());
          Files.createDirectories(copy.getParent());
          Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
          copied += size;
        }
      }
    }
    return copied;
  }

  private static void writeScratch(Path file) throws IOException {
    byte[] block = new byte[BLOCK_SIZE];
    try (OutputStream out = Files.newOutputStream(file)) {
      for (int i = 0; i < SCRATCH_BLOCKS; i++) {
        Arrays.fill(block, (byte) i);
        System.arraycopy(MARK, 0, block, 0, MARK.length);
        out.write(block);
      }
    }
  }

  private static void concatenate(Path files, Path image, long size) throws IOException {
    try (FileChannel out =
            FileChannel.open(image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        Stream<Path> tree = Files.walk(files)) {
      long offset = 0;
      for (Iterator<Path> all = tree.filter(Files::isRegularFile).iterator(); all.hasNext(); ) {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(all.next()));
        long end = offset + (bytes.remaining() + BLOCK_SIZE - 1L) / BLOCK_SIZE * BLOCK_SIZE;
        if (end > size) {
          continue;
        }
        for (long at = offset; bytes.hasRemaining(); ) {
          at += out.write(bytes, at);
        }
        offset = end;
      }
      out.write(ByteBuffer.allocate(1), size - 1);
    }
  }

  private static List<Long> findScratch(Path image) throws IOException {
    List<Long> offsets = new ArrayList<>();
    ByteBuffer buffer = ByteBuffer.allocate(256 * BLOCK_SIZE);
    ByteBuffer mark = ByteBuffer.wrap(MARK);
    try (FileChannel channel = FileChannel.open(image)) {
      for (long offset = 0; offset < channel.size(); offset += buffer.capacity()) {
        buffer.clear();
        while (buffer.hasRemaining() && channel.read(buffer, offset + buffer.position()) > 0) {
          continue;
        }
        for (int at = 0; at + BLOCK_SIZE <= buffer.position(); at += BLOCK_SIZE) {
          if (buffer.slice(at, MARK.length).equals(mark)) {
            offsets.add(offset + at);
          }
        }
      }
    }
    return offsets;
  }
}
