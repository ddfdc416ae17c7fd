package io.clonedevice.store;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import java.util.Set;

/**
 * The system calls that Java has no method for, through JNA. Only to be touched where JNA may be
 * missing with a {@link LinkageError} in mind; {@link NativeFile} does.
 */
final class LinuxSystemCalls {
  static final int O_RDONLY = 0;
  static final int O_RDWR = 2;
  static final int O_CLOEXEC = 02000000;
  static final int SEEK_DATA = 3;
  static final int SEEK_HOLE = 4;
  static final int FALLOC_FL_KEEP_SIZE = 1;
  static final int FALLOC_FL_PUNCH_HOLE = 2;
  static final long BLKDISCARD = 0x1277;

  static final int EINTR = 4;
  static final int ENXIO = 6;

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

  static native int open(String path, int flags) throws LastErrorException;

  static native int close(int descriptor) throws LastErrorException;

  static native int fallocate(int descriptor, int mode, long offset, long length)
      throws LastErrorException;

  static native long lseek(int descriptor, long offset, int whence) throws LastErrorException;

  static native int ioctl(int descriptor, long request, long[] range) throws LastErrorException;

  static native long copy_file_range(
      int source, long[] sourceOffset, int target, long[] targetOffset, long length, int flags)
      throws LastErrorException;
}
