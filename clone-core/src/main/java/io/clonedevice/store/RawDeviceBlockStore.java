package io.clonedevice.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;

/**
 * A store over a block device or a regular file that bypasses the page cache (O_DIRECT): for large
 * devices that would only push everything else out of memory.
 *
 * <p>The logical block size is what direct I/O needs: the larger of the kernel's logical block size
 * of the device and the block size of the file system that the path is in (Java's rule), 4096 bytes
 * as a rule. The size is rounded down to it, so up to 7 sectors at the end of an odd device or file
 * are out of reach; {@link FileChannelBlockStore} reaches them.
 *
 * <p>Direct buffers whose remaining bytes begin at a multiple of the logical block size in memory
 * (see {@link ByteBuffer#alignedSlice}) are used as they are; others cost a copy through a pooled
 * buffer. Size, limits and discards of a device are the kernel's; discarding needs JNA on the class
 * path. {@link #identity()} and {@link #tryLock()} are those of {@link FileChannelBlockStore}.
 */
public final class RawDeviceBlockStore extends FileBackedBlockStore {
  private static final int LOGICAL_BLOCK_SIZE_MAX = BufferPool.ALIGNMENT;

  private RawDeviceBlockStore(
      UninterruptibleFile file, long size, int logicalBlockSize, boolean readOnly)
      throws IOException {
    super(file, size, logicalBlockSize, readOnly);
  }

  /**
   * Opens a block device or an existing file for reading.
   *
   * @param path of the default file system
   * @return a read-only store
   * @throws IOException if it is missing, not to be read, neither block device nor regular file, or
   *     its file system knows no direct I/O
   */
  public static RawDeviceBlockStore openReadOnly(Path path) throws IOException {
    return open(path, true);
  }

  /**
   * Opens a block device or an existing file for reading and writing.
   *
   * @param path of the default file system
   * @return a writable store
   * @throws IOException if it is missing, not to be written, neither block device nor regular file,
   *     or its file system knows no direct I/O
   */
  public static RawDeviceBlockStore open(Path path) throws IOException {
    return open(path, false);
  }

  /**
   * Creates a file of zeroes that takes no room yet, and opens it for reading and writing.
   *
   * @param path of the default file system; nothing may exist there
   * @param size bytes; a positive multiple of 512
   * @return a writable store, its size rounded down to its logical block size
   * @throws java.nio.file.FileAlreadyExistsException if something exists there; it is unchanged
   * @throws IOException if it cannot be created, or its file system knows no direct I/O; no file is
   *     left behind
   */
  public static RawDeviceBlockStore create(Path path, long size) throws IOException {
    return FileCreation.create(path, size, RawDeviceBlockStore::open);
  }

  /**
   * Opens a block device or file for reading and writing, creates a file if it is missing.
   *
   * @param path of the default file system
   * @param size bytes that it must have at least; a positive multiple of 512
   * @return a writable store, larger than {@code size} if the file or device is; its size rounded
   *     down to its logical block size
   * @throws IOException if it cannot be opened or created, or exists and is smaller; then it is
   *     unchanged
   */
  public static RawDeviceBlockStore openOrCreate(Path path, long size) throws IOException {
    return FileCreation.openOrCreate(path, size, RawDeviceBlockStore::open);
  }

  private static RawDeviceBlockStore open(Path path, boolean readOnly) throws IOException {
    int logicalBlockSize = logicalBlockSize(path);
    UninterruptibleFile file;
    try {
      file = new UninterruptibleFile(path, !readOnly, directIo());
    } catch (UnsupportedOperationException e) {
      throw new IOException(path + " cannot be opened for direct I/O on this system", e);
    }
    return new RawDeviceBlockStore(
        file, sizeRoundedTo(logicalBlockSize, file), logicalBlockSize, readOnly);
  }

  /**
   * The JDK's option for O_DIRECT, by its name: jdk.unsupported exports it, but newer compilers
   * warn of any use that they see.
   */
  private static OpenOption directIo() {
    try {
      Class<?> options = Class.forName("com.sun.nio.file.ExtendedOpenOption");
      return (OpenOption) options.getField("DIRECT").get(null);
    } catch (ReflectiveOperationException e) {
      throw new UnsupportedOperationException("this JDK has no option for direct I/O", e);
    }
  }

  private static int logicalBlockSize(Path path) throws IOException {
    long fileSystems = Files.getFileStore(path).getBlockSize();
    long devices =
        FileIdentity.isBlockDevice(path) ? BlockDeviceLimits.of(path).logicalBlockSize() : 512;
    long needed = Math.max(fileSystems, devices);
    if (needed > LOGICAL_BLOCK_SIZE_MAX || Long.bitCount(needed) != 1) {
      throw new IOException(
          path
              + " needs direct I/O in blocks of "
              + needed
              + " bytes, "
              + LOGICAL_BLOCK_SIZE_MAX
              + " are supported; use FileChannelBlockStore");
    }
    return (int) Math.max(512, needed);
  }

  @Override
  protected void readBlocks(long offset, ByteBuffer target) throws IOException {
    if (isAligned(target)) {
      file().read(offset, target);
      return;
    }
    ByteBuffer bounce = BufferPool.acquire(target.remaining());
    try {
      for (long at = offset; target.hasRemaining(); at += bounce.limit()) {
        bounce.clear().limit(Math.min(bounce.capacity(), target.remaining()));
        file().read(at, bounce);
        target.put(bounce.flip());
      }
    } finally {
      BufferPool.release(bounce);
    }
  }

  @Override
  protected void writeBlocks(long offset, ByteBuffer source) throws IOException {
    if (isAligned(source)) {
      file().write(offset, source);
      return;
    }
    ByteBuffer bounce = BufferPool.acquire(source.remaining());
    try {
      for (long at = offset; source.hasRemaining(); at += bounce.limit()) {
        int count = Math.min(bounce.capacity(), source.remaining());
        bounce.clear().put(0, source, source.position(), count).limit(count);
        source.position(source.position() + count);
        file().write(at, bounce);
      }
    } finally {
      BufferPool.release(bounce);
    }
  }

  private boolean isAligned(ByteBuffer buffer) {
    return buffer.isDirect() && buffer.alignmentOffset(buffer.position(), logicalBlockSize()) == 0;
  }
}
