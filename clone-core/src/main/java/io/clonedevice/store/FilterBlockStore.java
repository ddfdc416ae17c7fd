package io.clonedevice.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;

/**
 * A store that hands every call to another one; a subclass overrides what it wants to be different.
 *
 * <p>Each method calls the same method of the delegate and no other, so a subclass that changes
 * {@link #write} must look after {@link #writeAsync} and {@link #writeDurably} as well, one that
 * changes {@link #read} after {@link #readAsync} and {@link #copyTo}. One that holds other bytes
 * than its delegate must look after {@link #extentAt} too, and after {@link #discardSupport}: what
 * is called a hole, or was discarded such that it reads zeroes, is taken for zeroes; a copy neither
 * reads it here nor writes zeroes over it. Only {@link #writeUncached} calls {@link #write} of the
 * filter, so a copy <em>to</em> it always goes through that, and {@link #tryRead} never reads.
 * Closing it closes the delegate.
 */
public class FilterBlockStore implements BlockStore {
  private final BlockStore delegate;

  /**
   * Makes a store that behaves as {@code delegate}.
   *
   * @param delegate where calls go; closed with this store
   */
  public FilterBlockStore(BlockStore delegate) {
    this.delegate = Objects.requireNonNull(delegate, "delegate");
  }

  /**
   * Returns where calls go.
   *
   * @return the store that was given to the constructor
   */
  protected final BlockStore delegate() {
    return delegate;
  }

  @Override
  public String name() {
    return delegate.name();
  }

  @Override
  public Object identity() {
    return delegate.identity();
  }

  @Override
  public long size() {
    return delegate.size();
  }

  @Override
  public int logicalBlockSize() {
    return delegate.logicalBlockSize();
  }

  @Override
  public int optimalIoSize() {
    return delegate.optimalIoSize();
  }

  @Override
  public boolean isReadOnly() {
    return delegate.isReadOnly();
  }

  @Override
  public Execution execution() {
    return delegate.execution();
  }

  @Override
  public boolean tryLock() throws IOException {
    return delegate.tryLock();
  }

  @Override
  public Optional<String> lockOwner() {
    return delegate.lockOwner();
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    delegate.read(offset, target);
  }

  /** Returns false: {@link #read}, which a subclass may have changed, will be called. */
  @Override
  public boolean tryRead(long offset, ByteBuffer target) {
    RequestChecks.checkRead(this, offset, target);
    return false;
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    delegate.write(offset, source);
  }

  /** Calls {@link #write} of this filter, which a subclass may have changed. */
  @Override
  public void writeUncached(long offset, ByteBuffer source) throws IOException {
    write(offset, source);
  }

  @Override
  public void preallocate(long offset, long length) {
    delegate.preallocate(offset, length);
  }

  @Override
  public void flush() throws IOException {
    delegate.flush();
  }

  @Override
  public DiscardSupport discardSupport() {
    return delegate.discardSupport();
  }

  @Override
  public void discard(long offset, long length) throws IOException {
    delegate.discard(offset, length);
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    delegate.writeDurably(offset, source);
  }

  @Override
  public void copyTo(long offset, BlockStore target, long targetOffset, long length)
      throws IOException {
    delegate.copyTo(offset, target, targetOffset, length);
  }

  @Override
  public Extent extentAt(long offset, long length) throws IOException {
    return delegate.extentAt(offset, length);
  }

  @Override
  public void readAsync(long offset, ByteBuffer target, IoCompletion completion) {
    delegate.readAsync(offset, target, completion);
  }

  @Override
  public void writeAsync(long offset, ByteBuffer source, IoCompletion completion) {
    delegate.writeAsync(offset, source, completion);
  }

  @Override
  public void flushAsync(IoCompletion completion) {
    delegate.flushAsync(completion);
  }

  @Override
  public void discardAsync(long offset, long length, IoCompletion completion) {
    delegate.discardAsync(offset, length, completion);
  }

  @Override
  public void close() throws IOException {
    delegate.close();
  }

  @Override
  public String toString() {
    return getClass().getSimpleName() + "[" + delegate + "]";
  }
}
