package io.clonedevice.store;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.agrona.BufferUtil;

/**
 * The system calls that Java has no method for, through JNA.
 *
 * <p>The only class that touches JNA: where JNA or its library is missing, or the system is not
 * Linux, the first use is a {@link LinkageError}. Calls that were interrupted by a signal are made
 * again, unless it says so.
 */
final class LinuxSystemCalls {
  static final int O_RDONLY = 0;
  static final int O_RDWR = 2;
  static final int O_CLOEXEC = 02000000;
  static final int SEEK_END = 2;
  static final int SEEK_DATA = 3;
  static final int SEEK_HOLE = 4;

  // Error numbers; the results of all calls here are of this type.
  static final long EPERM = 1;
  static final long EINTR = 4;
  static final long ENXIO = 6;
  static final long EBADF = 9;
  static final long EAGAIN = 11;
  static final long ENOMEM = 12;
  static final long EXDEV = 18;
  static final long EINVAL = 22;
  static final long ENOTTY = 25;
  static final long ENOSYS = 38;
  static final long EOPNOTSUPP = 95;

  private static final int FALLOC_FL_KEEP_SIZE = 1;
  private static final int FALLOC_FL_PUNCH_HOLE = 2;
  private static final long BLKDISCARD = 0x1277;
  private static final long FICLONERANGE = 0x4020940D;
  private static final int SYNC_FILE_RANGE_WRITE = 2;
  private static final int RWF_NOWAIT = 0x08;
  private static final int RWF_DONTCACHE = 0x80;

  // cachestat(2), Linux 6.5; C libraries have no function for it.
  private static final long CACHESTAT = 451;

  // The numbers above hold here; some other architectures have their own.
  private static final Set<String> ARCHITECTURES = Set.of("amd64", "aarch64", "riscv64", "s390x");

  static {
    if (!System.getProperty("os.name").equals("Linux")
        || !ARCHITECTURES.contains(System.getProperty("os.arch"))) {
      throw new UnsatisfiedLinkError("system calls are known for 64-bit Linux only");
    }
    Native.register(LinuxSystemCalls.class, "c");
  }

  private LinuxSystemCalls() {}

  /** Returns a descriptor, or a negative error number, as all methods here do. */
  static int openFile(String path, int flags) {
    return (int) result(() -> open(path, flags));
  }

  /** Closes a descriptor; not made again when interrupted, it is closed then. */
  static int closeFile(int descriptor) {
    try {
      return close(descriptor);
    } catch (LastErrorException e) {
      return -e.getErrorCode();
    }
  }

  /** Allocates nothing: each flush asks for the file's end by it. */
  static long seek(int descriptor, long offset, int whence) {
    long result;
    do {
      result = orError(lseek(descriptor, offset, whence));
    } while (result == -EINTR);
    return result;
  }

  static long punchHole(int descriptor, long offset, long length) {
    return result(
        () -> fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length));
  }

  /** Finds blocks for the holes of a range, which goes on to read as it did. */
  static long preallocate(int descriptor, long offset, long length) {
    return result(() -> fallocate(descriptor, FALLOC_FL_KEEP_SIZE, offset, length));
  }

  static long discardBlocks(int descriptor, long offset, long length) {
    return result(() -> ioctl(descriptor, BLKDISCARD, new long[] {offset, length}));
  }

  /** Makes a range of one file share the blocks of another one's. */
  static long shareBlocks(int source, long offset, int target, long targetOffset, long length) {
    return result(
        () -> ioctl(target, FICLONERANGE, new long[] {source, offset, length, targetOffset}));
  }

  /**
   * Begins to write a range of the page cache to its device, and waits for no write to end; not
   * made again when interrupted, it is a hint. Allocates nothing.
   */
  static long startWriteback(int descriptor, long offset, long length) {
    return orError(sync_file_range(descriptor, offset, length, SYNC_FILE_RANGE_WRITE));
  }

  /**
   * Reads into a direct buffer from its position on, without leaving in the page cache what was not
   * there before.
   *
   * @return bytes, perhaps fewer than remain; the position is left as it is
   */
  static long readUncached(int descriptor, long offset, ByteBuffer target) {
    return read(descriptor, offset, target, RWF_DONTCACHE);
  }

  /** The same as far as the bytes are in memory; waits for no device. */
  static long readAtOnce(int descriptor, long offset, ByteBuffer target) {
    return read(descriptor, offset, target, RWF_NOWAIT);
  }

  private static long read(int descriptor, long offset, ByteBuffer target, int flags) {
    return transfer(target, parts -> VectoredCalls.preadv2(descriptor, parts, 1, offset, flags));
  }

  /**
   * Writes a direct buffer from its position on, begins to write that to the device, and has it
   * leave the page cache after that.
   *
   * @return bytes, perhaps fewer than remain; the position is left as it is
   */
  static long writeUncached(int descriptor, long offset, ByteBuffer source) {
    return transfer(
        source, parts -> VectoredCalls.pwritev2(descriptor, parts, 1, offset, RWF_DONTCACHE));
  }

  /**
   * Counts pages of a file that are in the page cache; allocates nothing.
   *
   * @param range offset and length in bytes
   * @param counts five, the first of which becomes the number of pages
   */
  static long countCached(int descriptor, long[] range, long[] counts) {
    return orError(syscall(CACHESTAT, descriptor, range, counts, 0));
  }

  /** For calls whose failures are told without an exception. */
  private static long orError(long result) {
    return result < 0 ? -Native.getLastError() : result;
  }

  /** A call that fails often: it costs no exception. */
  private static long transfer(ByteBuffer buffer, ToLongFunction<long[]> call) {
    long[] parts = {BufferUtil.address(buffer) + buffer.position(), buffer.remaining()};
    try {
      while (true) {
        long count = call.applyAsLong(parts);
        if (count >= 0) {
          return count;
        }
        int error = Native.getLastError();
        if (error != EINTR) {
          return -error;
        }
      }
    } catch (LinkageError e) {
      return -EOPNOTSUPP;
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  private static long result(LongSupplier call) {
    while (true) {
      try {
        return call.getAsLong();
      } catch (LastErrorException e) {
        if (e.getErrorCode() != EINTR) {
          return -e.getErrorCode();
        }
      }
    }
  }

  private static native int open(String path, int flags) throws LastErrorException;

  private static native int close(int descriptor) throws LastErrorException;

  private static native int fallocate(int descriptor, int mode, long offset, long length)
      throws LastErrorException;

  private static native long lseek(int descriptor, long offset, int whence);

  private static native int ioctl(int descriptor, long request, long[] argument)
      throws LastErrorException;

  private static native int sync_file_range(int descriptor, long offset, long length, int flags);

  private static native long syscall(
      long number, int descriptor, long[] range, long[] counts, int flags);

  /** Loaded when they are used first: some C libraries do not have them. */
  private static final class VectoredCalls {
    static {
      Native.register(VectoredCalls.class, "c");
    }

    static native long preadv2(int descriptor, long[] parts, int count, long offset, int flags);

    static native long pwritev2(int descriptor, long[] parts, int count, long offset, int flags);
  }
}
