package io.clonedevice.process;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * What a process tells of its requests, before and after each, through a pipe: what is in the pipe
 * outlives the process. An entry is written by one system call and shorter than the pipe's atomic
 * length, so that those of several threads do not mix and none is cut short.
 *
 * <pre>
 *   4 bytes kind | 4 bytes request | 4 bytes first sector | 4 bytes sector count
 * </pre>
 */
final class Journal {
  private static final int ENTRY_SIZE = 16;

  private final OutputStream pipe;

  /** A journal to write; the stream must not buffer. */
  Journal(OutputStream pipe) {
    this.pipe = pipe;
  }

  enum Kind {
    OPENING,
    OPENED,
    /** A call of the metadata device, or a flush of the destination, comes next. */
    STORE_CALL,
    WRITE,
    DISCARD,
    FLUSH,
    /** The request that began under this number was acknowledged. */
    DONE,
    /** As {@link #DONE}, and so is durable what it wrote. */
    DONE_DURABLY,
    /** A sector that was read does not hold what was written; the request is what it holds. */
    WRONG,
    FAILED
  }

  record Entry(Kind kind, int request, int firstSector, int sectorCount) {}

  void tell(Kind kind) {
    tell(kind, 0, 0, 0);
  }

  void tell(Kind kind, int request) {
    tell(kind, request, 0, 0);
  }

  void tell(Kind kind, int request, int firstSector, int sectorCount) {
    byte[] entry =
        ByteBuffer.allocate(ENTRY_SIZE)
            .putInt(kind.ordinal())
            .putInt(request)
            .putInt(firstSector)
            .putInt(sectorCount)
            .array();
    try {
      pipe.write(entry);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the next entry, or {@code null} at the end. */
  static Entry next(InputStream pipe) throws IOException {
    byte[] bytes = pipe.readNBytes(ENTRY_SIZE);
    if (bytes.length == 0) {
      return null;
    }
    if (bytes.length < ENTRY_SIZE) {
      throw new EOFException("the last entry has " + bytes.length + " bytes");
    }
    ByteBuffer entry = ByteBuffer.wrap(bytes);
    return new Entry(Kind.values()[entry.getInt()], entry.getInt(), entry.getInt(), entry.getInt());
  }
}
