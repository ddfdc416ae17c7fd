package io.clonedevice.store;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystems;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An open file that an interrupt cannot close.
 *
 * <p>A {@link FileChannel} closes itself, for all its users, when a thread is interrupted in it. So
 * three things are open:
 *
 * <pre>
 *   channel   reads, writes, forces; opened again when an interrupt has closed it
 *   anchor    a RandomAccessFile, which has no such habit: sees every write-back error since opening
 *   lock      a channel that does no I/O, opened by the first tryLock(): holds the file lock
 * </pre>
 *
 * <p>Safe to call from any thread. The owner sees to it that {@link #close()} is called once and
 * that no other call is under way then or follows.
 */
final class UninterruptibleFile implements Closeable {
  /** One call of a channel; returns the bytes transferred, negative at the end of the file. */
  @FunctionalInterface
  interface Transfer {
    int at(FileChannel channel, ByteBuffer buffer, long offset) throws IOException;
  }

  /** One call of a channel with a result. */
  @FunctionalInterface
  private interface Query<T> {
    T of(FileChannel channel) throws IOException;
  }

  private static final Transfer READ = (channel, buffer, offset) -> channel.read(buffer, offset);
  private static final Transfer WRITE = (channel, buffer, offset) -> channel.write(buffer, offset);

  // Which open file of this process holds the lock of a file. POSIX drops a process's locks on a
  // file whenever it closes any descriptor of it: whoever closes one tells the holder, here or in
  // another class loader.
  private static final Map<FileIdentity, UninterruptibleFile> LOCK_HOLDERS =
      new ConcurrentHashMap<>();

  private final Path path;
  private final boolean writable;
  private final Set<OpenOption> options;
  private final FileIdentity identity;
  private final RandomAccessFile anchor;

  // Written by the constructor and by reopen(), under this object's monitor; read by all. Edge: the
  // channel that is seen -> lockLost, if the lock went with an older one and somebody else has it.
  private volatile FileChannel channel;
  // Written by reopen(), under the monitor, after the old channel was closed and the next one
  // opened, before that is in its field; so read by all after the channel. Edge: the channel that
  // is seen -> the count that it was opened for, or, once it is closed, a later one.
  private volatile int reopenCount;
  // The reopenCount up to which the anchor has seen all errors. Written by force(), by any thread;
  // an older value only makes a later force use the anchor once more.
  private volatile int anchoredCount;

  // Guarded by this object's monitor, as the lock's state.
  private FileChannel lockChannel;
  private FileLock lock;
  private DescriptorClosings.Listener otherCopies;
  // Set under the monitor; read by all. Never cleared: somebody else may have changed the file.
  private volatile boolean lockLost;

  UninterruptibleFile(Path path, boolean writable, OpenOption... more) throws IOException {
    if (path.getFileSystem() != FileSystems.getDefault()) {
      throw new IllegalArgumentException(
          path + " is in " + path.getFileSystem() + "; use a path of the default file system");
    }
    this.path = path.toAbsolutePath();
    this.writable = writable;
    this.options = options(writable, more);
    this.identity = FileIdentity.of(this.path);
    this.channel = FileChannel.open(this.path, options);
    RandomAccessFile opened = null;
    try {
      opened = new RandomAccessFile(this.path.toFile(), writable ? "rw" : "r");
      checkIdentity();
    } catch (Throwable e) {
      closeAfter(e, channel);
      closeAfter(e, opened);
      descriptorOfPathClosed();
      throw e;
    }
    this.anchor = opened;
  }

  Path path() {
    return path;
  }

  FileIdentity identity() {
    return identity;
  }

  /** Returns the bytes in the file or device now. */
  long size() throws IOException {
    return anchor.length(); // no channel, so that an interrupt leaves it alone
  }

  /** Fills the rest of a buffer; an {@link EOFException} if the file ends before that. */
  void read(long offset, ByteBuffer target) throws IOException {
    transfer(READ, offset, target);
  }

  /** Writes the rest of a buffer. */
  void write(long offset, ByteBuffer source) throws IOException {
    transfer(WRITE, offset, source);
  }

  void transfer(Transfer transfer, long offset, ByteBuffer buffer) throws IOException {
    // A channel that is entered with the status set closes at once: keep it outside.
    boolean interrupted = Thread.interrupted();
    try {
      int start = buffer.position();
      while (buffer.hasRemaining()) {
        int position = buffer.position();
        FileChannel current = channel;
        checkLock();
        try {
          int count = transfer.at(current, buffer, offset + (position - start));
          if (count < 0) {
            throw new EOFException(
                "file was truncated: it ends at byte "
                    + size()
                    + " now; restore it or close the store");
          }
          if (count == 0) {
            // To try again and again would be to hang.
            throw new IOException(
                "no byte of " + buffer.remaining() + " could be transferred, and no reason given");
          }
        } catch (ClosedChannelException e) {
          interrupted |= Thread.interrupted();
          buffer.position(position);
          reopen(current);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Makes what was written durable. */
  void force() throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      FileChannel current = channel;
      int count = reopenCount;
      boolean forced = false;
      if (count == anchoredCount) {
        try {
          current.force(false);
          forced = true;
        } catch (ClosedChannelException e) {
          interrupted |= Thread.interrupted();
          reopen(current);
          count = reopenCount;
        }
      }
      if (!forced) {
        // The kernel reports a write-back error once to each description that was open then. The
        // new channel was not; the anchor was.
        anchor.getFD().sync();
        anchoredCount = count;
      }
      checkLock();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  MappedByteBuffer map(long offset, long length) throws IOException {
    FileChannel.MapMode mode =
        writable ? FileChannel.MapMode.READ_WRITE : FileChannel.MapMode.READ_ONLY;
    return query(current -> current.map(mode, offset, length));
  }

  /**
   * Locks the file against other processes and other stores of this one; a read-only file is locked
   * in the shared mode, which keeps writers of other processes away.
   */
  boolean tryLock() throws IOException {
    try {
      return lockOnce();
    } catch (Throwable e) {
      descriptorOfPathClosed();
      throw e;
    }
  }

  private synchronized boolean lockOnce() throws IOException {
    if (lock != null) {
      checkLock();
      return true;
    }
    if (lockChannel == null) {
      lockChannel = openAgain(options(writable));
    }
    synchronized (DescriptorClosings.whileLocking()) {
      try {
        lock = lockChannel.tryLock(0, Long.MAX_VALUE, !writable);
      } catch (OverlappingFileLockException e) {
        return false; // another store of this process, through whatever path or class loader
      }
      if (lock != null) {
        LOCK_HOLDERS.put(identity, this);
      }
    }
    if (lock != null) {
      otherCopies = DescriptorClosings.listen(identity, this::lockAgain);
    }
    return lock != null;
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    synchronized (this) {
      LOCK_HOLDERS.remove(identity, this);
      if (otherCopies != null) {
        otherCopies.close();
      }
      for (Closeable part : new Closeable[] {channel, this::closeLockChannel, anchor}) {
        try {
          if (part != null) {
            part.close();
          }
        } catch (IOException e) {
          if (failure == null) {
            failure = e;
          } else {
            failure.addSuppressed(e);
          }
        }
      }
    }
    descriptorClosed(identity);
    if (failure != null) {
      throw failure;
    }
  }

  /**
   * While nobody takes a lock again: a channel that is closed between the two halves of that may
   * make the JDK forget the lock (FileLockTable removes the list of a file's locks when it finds an
   * older one empty), and grant it to the next in this process.
   */
  private void closeLockChannel() throws IOException {
    synchronized (DescriptorClosings.whileLocking()) {
      if (lockChannel != null) {
        lockChannel.close();
      }
    }
  }

  /** Whether a store of this process has locked the file; the kernel forgets it for moments. */
  static boolean isLockedHere(FileIdentity identity) {
    return LOCK_HOLDERS.containsKey(identity);
  }

  /**
   * Must be called after any descriptor of a file was closed in this process, by a thread that has
   * the monitor of no file: it takes the holder's.
   */
  static void descriptorClosed(FileIdentity identity) {
    UninterruptibleFile holder = LOCK_HOLDERS.get(identity);
    if (holder != null) {
      holder.lockAgain();
    }
    DescriptorClosings.announce(identity);
  }

  /**
   * The same after a descriptor was closed that the path had led to: this file's, or that of one
   * which has replaced it.
   */
  void descriptorOfPathClosed() {
    descriptorClosed(identity);
    try {
      FileIdentity now = FileIdentity.of(path);
      if (!now.equals(identity)) {
        descriptorClosed(now);
      }
    } catch (IOException e) {
      // It leads nowhere: no other file was opened by it.
    }
  }

  private <T> T query(Query<T> query) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        FileChannel current = channel;
        try {
          return query.of(current);
        } catch (ClosedChannelException e) {
          interrupted |= Thread.interrupted();
          reopen(current);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Opens the channel again, once for all the threads that met the dead one. */
  private void reopen(FileChannel dead) throws IOException {
    if (channel != dead) {
      return; // and the lock was taken again before
    }
    // Waits until the interrupted thread has closed the descriptor: not a moment after lockAgain().
    dead.close();
    // The lock is gone whether or not the file can be opened again.
    descriptorClosed(identity);
    try {
      synchronized (this) {
        if (channel == dead) {
          FileChannel fresh = openAgain(options);
          reopenCount++;
          channel = fresh;
        }
      }
    } catch (Throwable e) {
      descriptorOfPathClosed();
      throw e;
    }
  }

  /** Opens what must be this file still; if it fails, the caller tells what was closed. */
  private FileChannel openAgain(Set<OpenOption> how) throws IOException {
    FileChannel fresh = FileChannel.open(path, how);
    try {
      checkIdentity();
    } catch (Throwable e) {
      closeAfter(e, fresh);
      throw e;
    }
    return fresh;
  }

  private synchronized void lockAgain() {
    if (lock == null || lockLost) {
      return;
    }
    synchronized (DescriptorClosings.whileLocking()) {
      try {
        lock.release();
        lock = lockChannel.tryLock(0, Long.MAX_VALUE, !writable);
      } catch (IOException | OverlappingFileLockException e) {
        lock = null;
      }
      if (lock == null) {
        lockLost = true;
        LOCK_HOLDERS.remove(identity, this);
      }
    }
  }

  /** Whether all calls fail from now on. */
  boolean hasLostLock() {
    return lockLost;
  }

  /** Must be called before anything is done to the file, and before it is told to be done. */
  void checkLock() throws IOException {
    if (lockLost) {
      throw new IOException(
          "somebody else has locked "
              + path
              + " while it was opened again after an interrupt; close the store and check the file");
    }
  }

  private void checkIdentity() throws IOException {
    if (!identity.equals(FileIdentity.of(path))) {
      throw new IOException(
          path + " was replaced by another file while it was open; close the store");
    }
  }

  private static Set<OpenOption> options(boolean writable, OpenOption... more) {
    Set<OpenOption> options = new java.util.HashSet<>(Set.of(more));
    options.add(StandardOpenOption.READ);
    if (writable) {
      options.add(StandardOpenOption.WRITE);
    }
    return Set.copyOf(options);
  }

  private static void closeAfter(Throwable failure, Closeable part) {
    try {
      if (part != null) {
        part.close();
      }
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
