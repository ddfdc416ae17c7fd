package io.clonedevice.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;

/** A byte array that may be larger than the heap: pages that are all zeroes are not there. */
final class SparseBytes {
  private static final int PAGE = 64 << 10;

  private final long size;
  private final Map<Long, byte[]> pages = new TreeMap<>();

  SparseBytes(long size) {
    this.size = size;
  }

  /** The first {@code length} bytes of this one, as another. */
  SparseBytes copy(long length) {
    SparseBytes copy = new SparseBytes(length);
    pages.forEach(
        (page, bytes) -> {
          long left = length - page * PAGE;
          if (left > 0) {
            copy.write(page * PAGE, bytes, 0, (int) Math.min(PAGE, left));
          }
        });
    return copy;
  }

  long size() {
    return size;
  }

  void write(long offset, byte[] data, int dataOffset, int length) {
    for (int done = 0; done < length; ) {
      long at = offset + done;
      int within = (int) (at % PAGE);
      int count = Math.min(PAGE - within, length - done);
      byte[] page = pages.computeIfAbsent(at / PAGE, absent -> new byte[PAGE]);
      System.arraycopy(data, dataOffset + done, page, within, count);
      done += count;
    }
  }

  void fill(long offset, long length, byte value) {
    for (long at = offset; at < offset + length; ) {
      int within = (int) (at % PAGE);
      int count = (int) Math.min(PAGE - within, offset + length - at);
      if (value == 0 && count == PAGE) {
        pages.remove(at / PAGE);
      } else if (value != 0 || pages.containsKey(at / PAGE)) {
        byte[] page = pages.computeIfAbsent(at / PAGE, absent -> new byte[PAGE]);
        java.util.Arrays.fill(page, within, within + count, value);
      }
      at += count;
    }
  }

  void read(long offset, byte[] target, int length) {
    for (int done = 0; done < length; ) {
      long at = offset + done;
      int within = (int) (at % PAGE);
      int count = Math.min(PAGE - within, length - done);
      byte[] page = pages.get(at / PAGE);
      if (page == null) {
        java.util.Arrays.fill(target, done, done + count, (byte) 0);
      } else {
        System.arraycopy(page, within, target, done, count);
      }
      done += count;
    }
  }

  /** Writes an image of these bytes; zeroes are written as holes of a file that was not there. */
  void save(Path file, long fileOffset, long fileSize) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (Map.Entry<Long, byte[]> page : pages.entrySet()) {
        long offset = page.getKey() * PAGE;
        int count = (int) Math.min(PAGE, size - offset);
        ByteBuffer bytes = ByteBuffer.wrap(page.getValue(), 0, count);
        while (bytes.hasRemaining()) {
          channel.write(bytes, fileOffset + offset + bytes.position());
        }
      }
      if (channel.size() < fileSize) {
        channel.write(ByteBuffer.allocate(1), fileSize - 1);
      }
    }
  }
}
