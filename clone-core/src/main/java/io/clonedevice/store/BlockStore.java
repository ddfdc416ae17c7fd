package io.clonedevice.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Where blocks live: the interface that the author of a backend implements.
 *
 * <p>A store is a fixed number of bytes that can be read and written at any offset which is a
 * multiple of {@link #logicalBlockSize()}. An implementer promises:
 *
 * <ol>
 *   <li>All methods are safe to call from any thread, at the same time. Reads and writes of ranges
 *       that do not overlap do not disturb each other; overlapping ones are the callers' race.
 *   <li>A read or write transfers the whole buffer or fails; short transfers of the medium are
 *       continued inside. A request of no bytes inside the store succeeds and does nothing.
 *   <li>Misuse is refused before anything is touched: {@link IllegalArgumentException} for range
 *       and alignment, {@link java.nio.channels.NonWritableChannelException} for a change of a
 *       read-only store. Trouble is a {@link BlockIoException} that says where; a call on a closed
 *       store is one too, with a {@link java.nio.channels.ClosedChannelException} as its cause.
 *   <li>An interrupt of the calling thread neither fails the call nor harms the store for others;
 *       the interrupt status is set again on return.
 *   <li>A write is durable when a {@link #flush()} that was called after it returned has returned
 *       without failure. A crash before that may keep any subset of its sectors.
 *   <li>{@link #close()} is idempotent and waits for the calls that are under way. Where they may
 *       hang for ever (a network), it makes them fail, so that it returns: when it has, no call is
 *       under way and every completion has been called.
 * </ol>
 *
 * <p>{@link io.clonedevice.testing.BlockStoreContract} checks these promises; the tests of a new
 * backend are one short subclass of it.
 */
public interface BlockStore extends Closeable {
  /** On which thread the engine runs a store's calls, and which of them. */
  enum Execution {
    /** Calls return at once (memory): run them on the thread that submits the request. */
    CALLING_THREAD,
    /** Calls may wait for a medium: run them on the I/O executor. */
    IO_EXECUTOR,
    /**
     * The {@code ...Async} methods return at once and complete later by themselves (a network).
     * Only of such a store the engine reads, writes and discards by them; of others by the blocking
     * ones. Those are called of such a store, too, on threads that may wait: for flushes, for what
     * a caller of the blocking face waits for, and where it is the metadata device.
     */
    ASYNCHRONOUS
  }

  /**
   * Returns a name for messages, such as the path.
   *
   * @return never empty
   */
  String name();

  /**
   * Returns what tells this store's medium from all others: equal for two stores if and only if
   * they lead to the same bytes (two paths to one file, for example).
   *
   * @return a value with {@code equals} and {@code hashCode}
   */
  default Object identity() {
    return this;
  }

  /**
   * Returns the size.
   *
   * @return bytes, a multiple of {@link #logicalBlockSize()}; does not change while the store is
   *     open
   */
  long size();

  /**
   * Returns the unit of addressing.
   *
   * @return bytes; a power of two, 512 to 4096
   */
  int logicalBlockSize();

  /**
   * Returns the size of requests that the medium likes best (optimal_io_size of a block device).
   *
   * @return bytes, a multiple of {@link #logicalBlockSize()}
   */
  default int optimalIoSize() {
    return logicalBlockSize();
  }

  /**
   * Returns whether changes are refused.
   *
   * @return whether write and discard throw {@link java.nio.channels.NonWritableChannelException}
   */
  boolean isReadOnly();

  /**
   * Returns on which thread calls should be run.
   *
   * @return the same value for the life of the store
   */
  default Execution execution() {
    return Execution.IO_EXECUTOR;
  }

  /**
   * Claims the medium for one owner, against other stores in this process and, where the medium can
   * tell, in other processes. The claim ends when this store is closed, or with the process.
   * Claiming again what this store owns changes nothing.
   *
   * @return {@code true} if this store now owns the medium, {@code false} if somebody else does
   * @throws IOException if it cannot be found out
   */
  default boolean tryLock() throws IOException {
    return true;
  }

  /**
   * Says who owns the medium, for the message that somebody who was refused gets to read.
   *
   * @return such as {@code process 4711 (/usr/bin/java)}; empty if nobody does, or it cannot be
   *     known
   */
  default Optional<String> lockOwner() {
    return Optional.empty();
  }

  /**
   * Fills the remaining bytes of a buffer from {@code offset} on.
   *
   * @param offset first byte; {@code >= 0}, multiple of {@link #logicalBlockSize()}
   * @param target receives the bytes from position to limit, a multiple of {@link
   *     #logicalBlockSize()} of them; not kept after return; its position is at the limit on
   *     success and unspecified on failure
   * @throws IllegalArgumentException if range or alignment is wrong; nothing was read
   * @throws IOException if the store failed
   * @see "pread(2)"
   */
  void read(long offset, ByteBuffer target) throws IOException;

  /**
   * Reads like {@link #read} if that can be done at once, with bytes that are in memory. Never
   * reads by default.
   *
   * @param offset as for {@link #read}
   * @param target as for {@link #read}; if nothing was read its position is as it was, and what it
   *     holds unspecified
   * @return whether the buffer was filled; if not, {@link #read} may wait for the medium, or tell
   *     why it fails
   * @throws IllegalArgumentException if range or alignment is wrong; nothing was read
   * @see "preadv2(2), RWF_NOWAIT"
   */
  default boolean tryRead(long offset, ByteBuffer target) {
    RequestChecks.checkRead(this, offset, target);
    return false;
  }

  /**
   * Writes the remaining bytes of a buffer from {@code offset} on.
   *
   * <p>Not durable until {@link #flush()} returns; a crash before that may keep any subset of the
   * sectors written.
   *
   * @param offset first byte; {@code >= 0}, multiple of {@link #logicalBlockSize()}
   * @param source the bytes from position to limit, a multiple of {@link #logicalBlockSize()} of
   *     them; not kept after return; its position is at the limit on success and unspecified on
   *     failure
   * @throws IllegalArgumentException if range or alignment is wrong; nothing was written
   * @throws java.nio.channels.NonWritableChannelException if the store is read-only
   * @throws IOException if the store failed; the range may hold old and new sectors
   * @see "pwrite(2)"
   */
  void write(long offset, ByteBuffer source) throws IOException;

  /**
   * Makes every write and discard that returned before this call durable.
   *
   * @throws IOException if the store failed; what was written since the last good flush may be
   *     lost, even if a later flush succeeds
   * @see "fdatasync(2)"
   */
  void flush() throws IOException;

  /**
   * Writes like {@link #write} what nobody is expected to ask for soon: where the store has a cache
   * it begins at once to write the bytes to its medium, and keeps them no longer than that takes;
   * what was cached before stays. No more durable than {@link #write}, but the next {@link
   * #flush()} has less to do. The same as {@link #write} by default.
   *
   * @param offset as for {@link #write}
   * @param source as for {@link #write}
   * @throws IllegalArgumentException if range or alignment is wrong; nothing was written
   * @throws java.nio.channels.NonWritableChannelException if the store is read-only
   * @throws IOException if the store failed; the range may hold old and new sectors
   * @see "pwritev2(2), RWF_DONTCACHE"
   */
  default void writeUncached(long offset, ByteBuffer source) throws IOException {
    write(offset, source);
  }

  /**
   * Tells that all of a range will be written soon, a piece at a time: the store may find room for
   * it at once, which costs less than to find room for each piece. Changes no byte, and promises
   * nothing: whether there is room the writes tell. Does nothing by default, on a store that is
   * closed, or where that is not possible.
   *
   * @param offset first byte; {@code >= 0}, multiple of {@link #logicalBlockSize()}
   * @param length bytes; {@code >= 0}, multiple of {@link #logicalBlockSize()}
   * @throws IllegalArgumentException if range or alignment is wrong
   * @throws java.nio.channels.NonWritableChannelException if the store is read-only
   * @see "fallocate(2), FALLOC_FL_KEEP_SIZE"
   */
  default void preallocate(long offset, long length) {
    RequestChecks.checkPreallocation(this, offset, length);
  }

  /**
   * Returns whether and how {@link #discard} works.
   *
   * @return the same value for the life of the store; {@link DiscardSupport#NONE} if it is
   *     read-only
   */
  default DiscardSupport discardSupport() {
    return DiscardSupport.NONE;
  }

  /**
   * Tells the medium that a range is no longer needed. What it reads afterwards is undefined unless
   * {@link DiscardSupport#readsZeroes()}.
   *
   * @param offset first byte; {@code >= 0}, multiple of {@link #logicalBlockSize()}
   * @param length bytes; multiple of {@link #logicalBlockSize()}, at most {@link
   *     DiscardSupport#maxLength()}
   * @throws IllegalArgumentException if range or alignment is wrong; nothing was discarded
   * @throws UnsupportedOperationException if discard is not supported
   * @throws java.nio.channels.NonWritableChannelException if the store is read-only
   * @throws IOException if the store failed
   */
  default void discard(long offset, long length) throws IOException {
    throw new UnsupportedOperationException(name() + " does not support discard");
  }

  /**
   * Writes like {@link #write} and returns when the bytes are durable (forced unit access).
   *
   * @param offset as for {@link #write}
   * @param source as for {@link #write}
   * @throws IOException if the store failed; the range may hold old and new sectors, durable or not
   */
  default void writeDurably(long offset, ByteBuffer source) throws IOException {
    write(offset, source);
    flush();
  }

  /**
   * Copies a range to another store, if possible without passing through Java memory and without
   * filling the caches of either. Where the target is a wrapper, it meets the copy as calls of its
   * {@link #writeUncached}. What is known to be a hole on both sides (see {@link #extentAt}) need
   * be neither read nor written.
   *
   * @param offset first byte here; {@code >= 0}, multiple of both logical block sizes
   * @param target where the bytes go; not this store
   * @param targetOffset first byte there; {@code >= 0}, multiple of both logical block sizes
   * @param length bytes; {@code >= 0}, multiple of both logical block sizes
   * @throws IllegalArgumentException if range or alignment is wrong; nothing was copied
   * @throws java.nio.channels.NonWritableChannelException if the target is read-only
   * @throws IOException if a store failed, and which; the target's range may hold old and new
   *     sectors
   */
  default void copyTo(long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    RequestChecks.checkCopy(this, offset, target, targetOffset, length);
    BlockCopy.throughBuffer(this::read, offset, target, targetOffset, length);
  }

  /**
   * Returns what is known about the range that begins at {@code offset}: data, or bytes that read
   * as zeroes without being stored.
   *
   * @param offset first byte; {@code 0 <= offset < size()}
   * @param length how far the caller is interested, in bytes; positive, at most {@code size() -
   *     offset}
   * @return the extent that begins at {@code offset}, positive length, at most {@code length}
   * @throws IOException if the store failed
   */
  default Extent extentAt(long offset, long length) throws IOException {
    return new Extent(offset, length, Extent.Kind.DATA);
  }

  /**
   * Reads like {@link #read} and reports the outcome to {@code completion}, on this thread or
   * another.
   *
   * @param offset as for {@link #read}
   * @param target as for {@link #read}; the store's until the completion is called
   * @param completion called exactly once, unless this method throws
   * @throws IllegalArgumentException if range or alignment is wrong
   */
  default void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
    completion.run(() -> read(offset, target));
  }

  /**
   * Writes like {@link #write} and reports the outcome to {@code completion}, on this thread or
   * another.
   *
   * @param offset as for {@link #write}
   * @param source as for {@link #write}; the store's until the completion is called
   * @param completion called exactly once, unless this method throws
   * @throws IllegalArgumentException if range or alignment is wrong
   */
  default void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    completion.run(() -> write(offset, source));
  }

  /**
   * Flushes like {@link #flush} and reports the outcome to {@code completion}, on this thread or
   * another. Not called by the engine, which flushes where it may wait.
   *
   * @param completion called exactly once
   */
  default void flushAsync(IoCompletion completion) {
    completion.run(this::flush);
  }

  /**
   * Discards like {@link #discard} and reports the outcome to {@code completion}, on this thread or
   * another.
   *
   * @param offset as for {@link #discard}
   * @param length as for {@link #discard}
   * @param completion called exactly once, unless this method throws
   * @throws IllegalArgumentException if range or alignment is wrong
   */
  default void discardAsync(long offset, long length, IoCompletion completion) {
    completion.run(() -> discard(offset, length));
  }

  /**
   * Closes the store; the second and later calls do nothing. Waits for calls that are under way or
   * makes them fail, flushes nothing, and releases the claim of {@link #tryLock()}.
   *
   * @throws IOException if the medium reported trouble; the store is closed nevertheless
   */
  @Override
  void close() throws IOException;
}
