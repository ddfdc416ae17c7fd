package io.clonedevice.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.Optional;
import java.util.Set;

/**
 * A descriptor for what Java cannot do with a file: punch holes, discard, find holes, share blocks,
 * ask the page cache, transfer bytes that are not to stay there. There is none where JNA or Linux
 * is missing.
 *
 * <p>Safe to call from any thread; the file offset of the descriptor is nobody's.
 */
final class NativeFile implements Closeable {
  private static final boolean AVAILABLE = available();

  /** Where write-back did not begin, or may not here; a flush meets all of it again. */
  private static final Set<Long> NOTHING_DROPPED =
      Set.of(
          -LinuxSystemCalls.EPERM,
          -LinuxSystemCalls.EINTR,
          -LinuxSystemCalls.EAGAIN,
          -LinuxSystemCalls.ENOMEM,
          -LinuxSystemCalls.EINVAL,
          -LinuxSystemCalls.ENOSYS,
          -LinuxSystemCalls.EOPNOTSUPP);

  private final FileIdentity identity;
  private final int descriptor;
  private final boolean blockDevice;
  private final boolean writable;
  private final DiscardSupport discardSupport;

  // Any thread; a late view costs a search. Of a file that is only read: to find where a run of
  // data ends, the kernel passes all its extents, which for each piece of it would be too often.
  private volatile DataRun knownData = new DataRun(0, 0);

  // Any thread; a late view costs a call. The file that could not share this one's blocks.
  private volatile NativeFile noSharingWith;

  // Any thread; a late view costs a call.
  private volatile boolean alwaysCached;
  private volatile boolean alwaysWaits;
  private volatile boolean neverPreallocates;

  // Guarded by the monitor of the second. What the system is asked about the page cache, and its
  // answer, whose first element counts pages; kept, so that to ask allocates nothing.
  private final long[] cacheRange = new long[2];
  private final long[] cachedPages = new long[5];

  // Any thread; a late view costs a call.
  private volatile boolean cacheUnknown;
  private volatile boolean cacheConfirmed;

  private record DataRun(long offset, long end) {}

  @FunctionalInterface
  private interface Transfer {
    long at(int descriptor, long offset, ByteBuffer buffer);
  }

  private NativeFile(
      FileIdentity identity,
      int descriptor,
      boolean blockDevice,
      boolean writable,
      DiscardSupport discardSupport) {
    this.identity = identity;
    this.descriptor = descriptor;
    this.blockDevice = blockDevice;
    this.writable = writable;
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
    int descriptor = LinuxSystemCalls.openFile(file.path().toString(), flags);
    if (descriptor < 0) {
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
      return Optional.of(
          new NativeFile(file.identity(), descriptor, blockDevice, writable, support));
    } catch (Throwable e) {
      LinuxSystemCalls.closeFile(descriptor);
      file.descriptorOfPathClosed();
      throw e;
    }
  }

  /**
   * Returns the bytes in the file or device now. Unlike fstat(2) it asks for no time: a file whose
   * times were asked for gets new ones with its next write, to be written by the next flush as well
   * (multigrain timestamps, Linux 6.13), which makes that half as long again.
   */
  long size() throws IOException {
    return check("lseek", LinuxSystemCalls.seek(descriptor, 0, LinuxSystemCalls.SEEK_END));
  }

  DiscardSupport discardSupport() {
    return discardSupport;
  }

  /** Discards a range of a block device, or punches a hole into a file. */
  void discard(long offset, long length) throws IOException {
    if (blockDevice) {
      check("BLKDISCARD", LinuxSystemCalls.discardBlocks(descriptor, offset, length));
    } else {
      check("fallocate", LinuxSystemCalls.punchHole(descriptor, offset, length));
    }
  }

  /** Returns the extent at an offset, its end rounded such that no data is called a hole. */
  Extent extentAt(long offset, long length, int logicalBlockSize) throws IOException {
    if (blockDevice) {
      return new Extent(offset, length, Extent.Kind.DATA);
    }
    DataRun known = knownData;
    if (known.offset() <= offset && offset < known.end()) {
      return data(offset, length, known.end(), logicalBlockSize);
    }
    long data = seek(offset, LinuxSystemCalls.SEEK_DATA);
    if (data >= offset + length) {
      return new Extent(offset, length, Extent.Kind.HOLE);
    }
    long hole = (data - offset) & -(long) logicalBlockSize;
    if (hole > 0) {
      return new Extent(offset, hole, Extent.Kind.HOLE);
    }
    long end = seek(data, LinuxSystemCalls.SEEK_HOLE);
    if (!writable) {
      knownData = new DataRun(offset, end);
    }
    return data(offset, length, end, logicalBlockSize);
  }

  private static Extent data(long offset, long length, long end, int logicalBlockSize) {
    // Never empty, not even where a hole was punched since the data was found.
    long rest = Math.min(Math.max(end - offset, 1), length);
    long rounded = (rest + logicalBlockSize - 1) & -(long) logicalBlockSize;
    return new Extent(offset, Math.min(rounded, length), Extent.Kind.DATA);
  }

  /**
   * Copies a range without moving a byte: both files own its blocks afterwards, until one of them
   * is written (ioctl_ficlonerange(2)).
   *
   * @return whether it did; it cannot on most file systems, between two of them, or if the range
   *     does not consist of whole blocks of theirs
   */
  boolean shareWith(NativeFile target, long offset, long targetOffset, long length) {
    if (blockDevice || target.blockDevice || noSharingWith == target) {
      return false;
    }
    long result =
        LinuxSystemCalls.shareBlocks(descriptor, offset, target.descriptor, targetOffset, length);
    if (result == -LinuxSystemCalls.EOPNOTSUPP
        || result == -LinuxSystemCalls.EXDEV
        || result == -LinuxSystemCalls.ENOTTY) {
      noSharingWith = target; // all else may be of this range, or pass
    }
    if (result == 0) {
      target.neverPreallocates = true; // what it would find is given back for what is shared
    }
    return result == 0;
  }

  /** Trouble is not told: nothing was promised, and a write meets it again. */
  void preallocate(long offset, long length) {
    if (!blockDevice && !neverPreallocates) {
      long result = LinuxSystemCalls.preallocate(descriptor, offset, length);
      if (result == -LinuxSystemCalls.EOPNOTSUPP) {
        neverPreallocates = true;
      }
    }
  }

  /**
   * Begins to write a range to the disk.
   *
   * @throws IOException where the kernel may have dropped what it could not write: a file system
   *     that finds no place for it tells so here, and then no flush does
   */
  void startWriteback(long offset, long length) throws IOException {
    long result = LinuxSystemCalls.startWriteback(descriptor, offset, length);
    if (result < 0 && !NOTHING_DROPPED.contains(result)) {
      check("sync_file_range", result);
    }
  }

  /**
   * Fills the buffer if all bytes are in memory.
   *
   * @return whether it did; if not its position is as it was
   */
  boolean tryRead(long offset, ByteBuffer target) {
    if (alwaysWaits || !target.isDirect()) {
      return false;
    }
    long count = LinuxSystemCalls.readAtOnce(descriptor, offset, target);
    if (count == target.remaining()) {
      target.position(target.limit());
      return true;
    }
    if (count == -LinuxSystemCalls.EOPNOTSUPP) {
      alwaysWaits = true;
    }
    return false;
  }

  /**
   * Whether no page of a range is in the page cache, as far as the system tells (from Linux 6.5
   * on); allocates nothing.
   */
  boolean isUncached(long offset, long length) {
    if (cacheUnknown) {
      return false;
    }
    synchronized (cachedPages) {
      cacheRange[0] = offset;
      cacheRange[1] = length;
      if (LinuxSystemCalls.countCached(descriptor, cacheRange, cachedPages) == 0) {
        return cachedPages[0] == 0;
      }
    }
    cacheUnknown = true;
    return false;
  }

  /**
   * To be told of a range that was uncached and is written now: where it still is uncached, as on
   * file systems that keep their pages elsewhere, nothing is known of the page cache.
   */
  void confirmCached(long offset, long length) {
    if (!cacheConfirmed) {
      cacheUnknown = isUncached(offset, length);
      cacheConfirmed = true;
    }
  }

  /** Whether transfers around the page cache are worth a try. */
  boolean mayTransferUncached() {
    return !alwaysCached;
  }

  /** Fills the buffer up to where it cannot; a read through the page cache tells why. */
  void readUncached(long offset, ByteBuffer target) {
    transferUncached(offset, target, LinuxSystemCalls::readUncached);
  }

  /** Writes the buffer up to where it cannot; a write through the page cache tells why. */
  void writeUncached(long offset, ByteBuffer source) {
    transferUncached(offset, source, LinuxSystemCalls::writeUncached);
  }

  private void transferUncached(long offset, ByteBuffer buffer, Transfer transfer) {
    int start = buffer.position();
    while (buffer.hasRemaining() && buffer.isDirect() && !alwaysCached) {
      long count = transfer.at(descriptor, offset + buffer.position() - start, buffer);
      if (count == -LinuxSystemCalls.EOPNOTSUPP) {
        alwaysCached = true;
      }
      if (count <= 0) {
        return;
      }
      buffer.position(buffer.position() + (int) count);
    }
  }

  @Override
  public void close() throws IOException {
    long result = LinuxSystemCalls.closeFile(descriptor);
    UninterruptibleFile.descriptorClosed(identity);
    check("close", result);
  }

  private static DiscardSupport holePunching(int descriptor, UninterruptibleFile file, long size)
      throws IOException {
    long granularity = Files.getFileStore(file.path()).getBlockSize();
    // A file system that cannot punch refuses before it looks at the range; beyond the end of the
    // file there is nothing to lose.
    long beyondEnd = (file.size() + granularity - 1) / granularity * granularity;
    return LinuxSystemCalls.punchHole(descriptor, beyondEnd, granularity) < 0
        ? DiscardSupport.NONE
        : new DiscardSupport(true, granularity, size, true);
  }

  /** Returns where the next data or hole begins; behind everything if there is none. */
  private long seek(long offset, int whence) throws IOException {
    long result = LinuxSystemCalls.seek(descriptor, offset, whence);
    return result == -LinuxSystemCalls.ENXIO ? Long.MAX_VALUE : check("lseek", result);
  }

  private static long check(String call, long result) throws IOException {
    if (result < 0) {
      throw new IOException(call + " failed with error number " + -result);
    }
    return result;
  }

  private static boolean available() {
    try {
      // Loads JNA and its library; both may be missing, or the temporary directory not executable.
      return LinuxSystemCalls.seek(-1, 0, LinuxSystemCalls.SEEK_DATA) == -LinuxSystemCalls.EBADF;
    } catch (LinkageError e) {
      return false;
    }
  }
}
