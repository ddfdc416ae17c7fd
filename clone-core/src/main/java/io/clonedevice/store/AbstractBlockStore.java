package io.clonedevice.store;

import io.clonedevice.store.BlockIoException.Operation;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What all backends have in common: requests are checked once, here; trouble is given its place;
 * closing waits for the calls under way.
 *
 * <p>A backend fills in the {@code ...Blocks} methods. They are called with checked, non-empty
 * ranges while the store is open, by any thread and by several at a time.
 */
public abstract class AbstractBlockStore implements BlockStore {
  private final String name;
  private final long size;
  private final int logicalBlockSize;
  private final boolean readOnly;
  private final CallGate calls = new CallGate();

  /**
   * Makes an open store.
   *
   * @param name for messages
   * @param size bytes; a multiple of {@code logicalBlockSize}
   * @param logicalBlockSize bytes; a power of two, 512 to 4096
   * @param readOnly whether changes are refused
   */
  protected AbstractBlockStore(String name, long size, int logicalBlockSize, boolean readOnly) {
    this.name = name;
    this.size = size;
    this.logicalBlockSize = logicalBlockSize;
    this.readOnly = readOnly;
  }

  /**
   * Fills the remaining bytes of a buffer.
   *
   * @param offset first byte
   * @param target writable
   * @throws IOException if the medium failed
   */
  protected abstract void readBlocks(long offset, ByteBuffer target) throws IOException;

  /**
   * Writes the remaining bytes of a buffer.
   *
   * @param offset first byte
   * @param source the caller's again after return
   * @throws IOException if the medium failed
   */
  protected abstract void writeBlocks(long offset, ByteBuffer source) throws IOException;

  /** As {@link #readBlocks}, of what the caller will not ask for again. */
  void readUncachedBlocks(long offset, ByteBuffer target) throws IOException {
    readBlocks(offset, target);
  }

  /**
   * Fills the remaining bytes of a buffer if that needs no waiting; see {@link #tryRead}. Never
   * does so by default.
   *
   * @param offset first byte
   * @param target writable; its position stays as it was if this returns false
   * @return whether the buffer was filled
   */
  protected boolean tryReadBlocks(long offset, ByteBuffer target) {
    return false;
  }

  /**
   * Writes the remaining bytes of a buffer, past the caches; see {@link #writeUncached}. The same
   * as {@link #writeBlocks} by default.
   *
   * @param offset first byte
   * @param source the caller's again after return
   * @throws IOException if the medium failed
   */
  protected void writeUncachedBlocks(long offset, ByteBuffer source) throws IOException {
    writeBlocks(offset, source);
  }

  /** Finds room for a range that will be written; see {@link #preallocate}. */
  void preallocateBlocks(long offset, long length) {}

  /**
   * Makes durable what was written before; not called if the store is read-only.
   *
   * @throws IOException if the medium failed
   */
  protected abstract void flushBlocks() throws IOException;

  /**
   * Discards a range; called only if {@link #discardSupport()} says that it is supported.
   *
   * @param offset first byte
   * @param length bytes
   * @throws IOException if the medium failed
   */
  protected void discardBlocks(long offset, long length) throws IOException {
    throw new UnsupportedOperationException(name + " does not support discard");
  }

  void copyBlocks(long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    BlockCopy.throughBuffer(
        (position, buffer) -> {
          int count = buffer.remaining();
          try {
            readUncachedBlocks(position, buffer);
          } catch (IOException e) {
            throw trouble(Operation.READ, position, count, e);
          }
        },
        offset,
        target,
        targetOffset,
        length);
  }

  /**
   * Returns what is known about the range that begins at {@code offset}.
   *
   * @param offset first byte
   * @param length bytes
   * @return an extent from {@code offset} on, not longer than {@code length}
   * @throws IOException if the medium failed
   */
  protected Extent extentOfBlocks(long offset, long length) throws IOException {
    return new Extent(offset, length, Extent.Kind.DATA);
  }

  /**
   * Releases the medium; called once, when no call is under way.
   *
   * @throws IOException if the medium reported trouble
   */
  protected abstract void closeMedium() throws IOException;

  @Override
  public final String name() {
    return name;
  }

  @Override
  public final long size() {
    return size;
  }

  @Override
  public final int logicalBlockSize() {
    return logicalBlockSize;
  }

  @Override
  public final boolean isReadOnly() {
    return readOnly;
  }

  @Override
  public final void read(long offset, ByteBuffer target) throws IOException {
    RequestChecks.checkRead(this, offset, target);
    int length = target.remaining();
    enter(Operation.READ, offset, length);
    try {
      if (length > 0) {
        readBlocks(offset, target);
      }
      checkLock();
    } catch (IOException e) {
      throw trouble(Operation.READ, offset, length, e);
    } finally {
      calls.leave();
    }
  }

  @Override
  public final boolean tryRead(long offset, ByteBuffer target) {
    RequestChecks.checkRead(this, offset, target);
    if (!calls.tryEnter()) {
      return false;
    }
    try {
      return target.hasRemaining() && tryReadBlocks(offset, target);
    } finally {
      calls.leave();
    }
  }

  @Override
  public final void write(long offset, ByteBuffer source) throws IOException {
    write(offset, source, true);
  }

  @Override
  public final void writeUncached(long offset, ByteBuffer source) throws IOException {
    write(offset, source, false);
  }

  private void write(long offset, ByteBuffer source, boolean cached) throws IOException {
    RequestChecks.checkWrite(this, offset, source);
    int length = source.remaining();
    enter(Operation.WRITE, offset, length);
    try {
      if (length > 0 && cached) {
        writeBlocks(offset, source);
      } else if (length > 0) {
        writeUncachedBlocks(offset, source);
      }
      checkLock();
    } catch (IOException e) {
      throw trouble(Operation.WRITE, offset, length, e);
    } finally {
      calls.leave();
    }
  }

  @Override
  public final void preallocate(long offset, long length) {
    RequestChecks.checkPreallocation(this, offset, length);
    if (calls.tryEnter()) {
      try {
        if (length > 0) {
          preallocateBlocks(offset, length);
        }
      } finally {
        calls.leave();
      }
    }
  }

  @Override
  public final void flush() throws IOException {
    enter(Operation.FLUSH, 0, 0);
    try {
      if (!readOnly) {
        flushBlocks();
      }
      checkLock();
    } catch (IOException e) {
      throw trouble(Operation.FLUSH, 0, 0, e);
    } finally {
      calls.leave();
    }
  }

  @Override
  public final void discard(long offset, long length) throws IOException {
    RequestChecks.checkDiscard(this, offset, length);
    enter(Operation.DISCARD, offset, length);
    try {
      if (length > 0) {
        discardBlocks(offset, length);
      }
      checkLock();
    } catch (IOException e) {
      throw trouble(Operation.DISCARD, offset, length, e);
    } finally {
      calls.leave();
    }
  }

  @Override
  public final void copyTo(long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    RequestChecks.checkCopy(this, offset, target, targetOffset, length);
    enter(Operation.COPY, offset, length);
    try {
      copyData(offset, target, targetOffset, length);
      checkLock();
    } catch (IOException e) {
      throw trouble(Operation.COPY, offset, length, e);
    } finally {
      calls.leave();
    }
  }

  @Override
  public final Extent extentAt(long offset, long length) throws IOException {
    RequestChecks.checkExtent(this, offset, length);
    enter(Operation.READ, offset, length);
    try {
      Extent extent = extentOfBlocks(offset, length);
      checkLock();
      return extent;
    } catch (IOException e) {
      throw trouble(Operation.READ, offset, length, e);
    } finally {
      calls.leave();
    }
  }

  @Override
  public final void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
    RequestChecks.checkRead(this, offset, target);
    completion.run(() -> read(offset, target));
  }

  @Override
  public final void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    RequestChecks.checkWrite(this, offset, source);
    completion.run(() -> write(offset, source));
  }

  @Override
  public final void discardAsync(long offset, long length, IoCompletion completion) {
    RequestChecks.checkDiscard(this, offset, length);
    completion.run(() -> discard(offset, length));
  }

  @Override
  public final void close() throws IOException {
    if (calls.close()) {
      closeMedium();
    }
  }

  /** Copies what is not a hole on both sides, in units that both can address. */
  private void copyData(long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    long unit = Math.max(logicalBlockSize, target.logicalBlockSize());
    long count;
    for (long done = 0; done < length; done += count) {
      long rest = length - done;
      Extent extent = extentOfBlocks(offset + done, rest);
      count = extent.length() & -unit;
      boolean hole = extent.kind() == Extent.Kind.HOLE && count > 0;
      if (!hole || !isHole(target, targetOffset + done, count)) {
        count = Math.min((extent.length() + unit - 1) & -unit, rest);
        copyBlocks(offset + done, target, targetOffset + done, count);
      }
    }
  }

  private static boolean isHole(BlockStore store, long offset, long length) throws IOException {
    Extent extent;
    for (long done = 0; done < length; done += extent.length()) {
      extent = store.extentAt(offset + done, length - done);
      if (extent.kind() != Extent.Kind.HOLE) {
        return false;
      }
    }
    return true;
  }

  /**
   * Fails if {@link #tryLock()} succeeded once and the lock was lost to somebody else since. Asked
   * before a call does anything and again before it is told to be done.
   */
  void checkLock() throws IOException {}

  /** Begins a call; leave() must follow unless this throws. */
  final void enter(Operation operation, long offset, long length) throws BlockIoException {
    try {
      calls.enter();
    } catch (IOException e) {
      throw trouble(operation, offset, length, e);
    }
    try {
      checkLock();
    } catch (IOException e) {
      leave();
      throw trouble(operation, offset, length, e);
    }
  }

  final void leave() {
    calls.leave();
  }

  @Override
  public String toString() {
    return getClass().getSimpleName() + "[" + name + ", " + size + " bytes]";
  }

  /** Gives trouble its place, unless it has one. */
  final BlockIoException trouble(Operation operation, long offset, long length, IOException cause) {
    return cause instanceof BlockIoException located
        ? located
        : new BlockIoException(name, operation, offset, length, cause);
  }
}
