package io.clonedevice.store;

import com.sun.jna.LastErrorException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;

/**
 * A descriptor for what Java cannot do with a file: punch holes, discard, find holes, copy inside
 * the kernel. There is none where JNA or Linux is missing.
 *
 * <p>Safe to call from any thread; the file offset of the descriptor is nobody's.
 */
final class NativeFile implements Closeable {
  /** What {@link #copyTo} returns if this pair of files cannot be copied inside the kernel. */
  static final long NOT_POSSIBLE = -1;

  private static final boolean AVAILABLE = available();

  private final FileIdentity identity;
  private final int descriptor;
  private final boolean blockDevice;
  private final DiscardSupport discardSupport;

  private NativeFile(
      FileIdentity identity, int descriptor, boolean blockDevice, DiscardSupport discardSupport) {
    this.identity = identity;
    this.descriptor = descriptor;
    this.blockDevice = blockDevice;
    this.discardSupport = discardSupport;
  }

  /**
   * Opens what {@code file} has open.
   *
   * @param size bytes that the store uses of it
   */
  static Optional<NativeFile> open(UninterruptibleFile file, boolean writable, long size)
      throws IOException {
    if (!AVAILABLE) {
      return Optional.empty();
    }
    int flags =
        (writable ? LinuxSystemCalls.O_RDWR : LinuxSystemCalls.O_RDONLY)
            | LinuxSystemCalls.O_CLOEXEC;
    int descriptor;
    try {
      descriptor = LinuxSystemCalls.open(file.path().toString(), flags);
    } catch (LastErrorException e) {
      // The same path was opened a moment ago: a name that the C library spells otherwise, say.
      return Optional.empty();
    }
    try {
      if (!FileIdentity.of(file.path()).equals(file.identity())) {
        throw new IOException(file.path() + " was replaced while it was opened; open it again");
      }
      boolean blockDevice = FileIdentity.isBlockDevice(file.path());
      DiscardSupport support = DiscardSupport.NONE;
      if (writable && size > 0) {
        support =
            blockDevice
                ? BlockDeviceLimits.of(file.path()).discardSupport(size)
                : holePunching(descriptor, file, size);
      }
      return Optional.of(new NativeFile(file.identity(), descriptor, blockDevice, support));
    } catch (Throwable e) {
      LinuxSystemCalls.close(descriptor);
      UninterruptibleFile.descriptorClosed(file.identity());
      throw e;
    }
  }

  DiscardSupport discardSupport() {
    return discardSupport;
  }

  /** Discards a range of a block device, or punches a hole into a file. */
  void discard(long offset, long length) throws IOException {
    if (blockDevice) {
      call(
          "BLKDISCARD",
          () ->
              LinuxSystemCalls.ioctl(
                  descriptor, LinuxSystemCalls.BLKDISCARD, new long[] {offset, length}));
    } else {
      call("fallocate", () -> punch(descriptor, offset, length));
    }
  }

  /** Returns the extent at an offset, its end rounded such that no data is called a hole. */
  Extent extentAt(long offset, long length, int logicalBlockSize) throws IOException {
    if (blockDevice) {
      return new Extent(offset, length, Extent.Kind.DATA);
    }
    long data = seek(offset, LinuxSystemCalls.SEEK_DATA);
    long hole = (Math.min(data, offset + length) - offset) & -(long) logicalBlockSize;
    if (hole > 0) {
      return new Extent(offset, hole, Extent.Kind.HOLE);
    }
    long end = seek(Math.min(data, offset + length - 1), LinuxSystemCalls.SEEK_HOLE);
    long rest = Math.min(end - offset, length);
    long rounded = (rest + logicalBlockSize - 1) & -(long) logicalBlockSize;
    return new Extent(offset, Math.min(rounded, length), Extent.Kind.DATA);
  }

  /**
   * Copies inside the kernel, shares the blocks where the file system can.
   *
   * @return bytes copied, less than {@code length} if the source ends before; or {@link
   *     #NOT_POSSIBLE}, with nothing copied
   */
  long copyTo(long offset, NativeFile target, long targetOffset, long length) throws IOException {
    long[] from = {offset};
    long[] to = {targetOffset};
    while (from[0] - offset < length) {
      long rest = length - (from[0] - offset);
      try {
        if (LinuxSystemCalls.copy_file_range(
                descriptor, from, target.descriptor, to, Math.min(rest, 1 << 30), 0)
            == 0) {
          break;
        }
      } catch (LastErrorException e) {
        if (e.getErrorCode() == LinuxSystemCalls.EINTR) {
          continue;
        }
        if (from[0] == offset) {
          return NOT_POSSIBLE;
        }
        throw failure("copy_file_range", e);
      }
    }
    return from[0] - offset;
  }

  boolean isBlockDevice() {
    return blockDevice;
  }

  @Override
  public void close() throws IOException {
    try {
      LinuxSystemCalls.close(descriptor);
    } catch (LastErrorException e) {
      throw failure("close", e);
    } finally {
      UninterruptibleFile.descriptorClosed(identity);
    }
  }

  private static DiscardSupport holePunching(int descriptor, UninterruptibleFile file, long size)
      throws IOException {
    long granularity = Files.getFileStore(file.path()).getBlockSize();
    try {
      // A file system that cannot punch refuses before it looks at the range; beyond the end of
      // the file there is nothing to lose.
      long beyondEnd = (file.size() + granularity - 1) / granularity * granularity;
      punch(descriptor, beyondEnd, granularity);
    } catch (LastErrorException e) {
      return DiscardSupport.NONE;
    }
    return new DiscardSupport(true, granularity, size, true);
  }

  private static int punch(int descriptor, long offset, long length) {
    return LinuxSystemCalls.fallocate(
        descriptor,
        LinuxSystemCalls.FALLOC_FL_PUNCH_HOLE | LinuxSystemCalls.FALLOC_FL_KEEP_SIZE,
        offset,
        length);
  }

  /** Returns where the next data or hole begins; behind everything if there is none. */
  private long seek(long offset, int whence) throws IOException {
    try {
      return LinuxSystemCalls.lseek(descriptor, offset, whence);
    } catch (LastErrorException e) {
      if (e.getErrorCode() == LinuxSystemCalls.ENXIO) {
        return Long.MAX_VALUE;
      }
      throw failure("lseek", e);
    }
  }

  private interface Call {
    int make();
  }

  private static void call(String name, Call call) throws IOException {
    while (true) {
      try {
        call.make();
        return;
      } catch (LastErrorException e) {
        if (e.getErrorCode() != LinuxSystemCalls.EINTR) {
          throw failure(name, e);
        }
      }
    }
  }

  private static IOException failure(String name, LastErrorException e) {
    return new IOException(name + ": " + e.getMessage(), e);
  }

  private static boolean available() {
    try {
      // Loads JNA and its library; both may be missing, or the temporary directory not executable.
      LinuxSystemCalls.lseek(-1, 0, 0);
      return false;
    } catch (LastErrorException e) {
      return true; // bad descriptor: the call was made
    } catch (LinkageError e) {
      return false;
    }
  }
}
