package io.clonedevice.examples;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32C;

/** Compares a finished copy with what it must be, without any code of the library. */
final class DemoProof {
  private static final int CHUNK = 1 << 20;

  private final DemoImage image;
  private final Map<Long, byte[]> writes;

  /** Makes a proof; {@code writes} are whole blocks by offset. */
  DemoProof(DemoImage image, Map<Long, byte[]> writes) {
    this.image = image;
    this.writes = writes;
  }

  /** Throws if a byte of the copy is not the source's or, where it was written, the write's. */
  void compare(Path copy) throws IOException {
    try (FileChannel source = FileChannel.open(image.path());
        FileChannel destination = FileChannel.open(copy)) {
      if (destination.size() != image.size()) {
        throw new IOException(
            "the destination has " + destination.size() + " bytes, not " + image.size());
      }
      int written = 0;
      for (long offset = 0; offset < image.size(); offset += CHUNK) {
        int length = (int) Math.min(CHUNK, image.size() - offset);
        ByteBuffer expected = read(source, offset, length);
        for (int at = 0; at < length; at += DemoImage.BLOCK_SIZE) {
          byte[] write = writes.get(offset + at);
          if (write != null) {
            expected.put(at, write);
            written++;
          }
        }
        int differs = expected.mismatch(read(destination, offset, length));
        if (differs >= 0) {
          throw new IOException("the destination is wrong at byte " + (offset + differs));
        }
      }
      if (written != writes.size()) {
        throw new IOException(written + " writes were compared, not " + writes.size());
      }
    }
  }

  /** Checksum of the first bytes of a file. */
  static long checksum(Path path, long size) throws IOException {
    CRC32C checksum = new CRC32C();
    try (FileChannel channel = FileChannel.open(path)) {
      for (long offset = 0; offset < size; offset += CHUNK) {
        checksum.update(read(channel, offset, (int) Math.min(CHUNK, size - offset)));
      }
    }
    return checksum.getValue();
  }

  /** Reads bytes of a file. */
  static ByteBuffer read(Path path, long offset, int length) throws IOException {
    try (FileChannel channel = FileChannel.open(path)) {
      return read(channel, offset, length);
    }
  }

  private static ByteBuffer read(FileChannel channel, long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, offset + bytes.position()) < 0) {
        throw new IOException("the file ends at byte " + (offset + bytes.position()));
      }
    }
    return bytes.flip();
  }
}
