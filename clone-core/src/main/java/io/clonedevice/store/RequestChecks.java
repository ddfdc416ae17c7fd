package io.clonedevice.store;

import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;

/**
 * Refuses misuse of a {@link BlockStore} the way its interface says, with a message that names
 * value, limit and remedy. For authors of backends: each method of a store begins with one of
 * these.
 */
public final class RequestChecks {
  private RequestChecks() {}

  /**
   * Checks {@link BlockStore#read}.
   *
   * @param store the store that was called
   * @param offset as it was passed
   * @param target as it was passed
   * @throws IllegalArgumentException if range, alignment or buffer is wrong
   */
  public static void checkRead(BlockStore store, long offset, ByteBuffer target) {
    checkRange("read", store, offset, target.remaining());
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("read into a read-only buffer; pass a writable one");
    }
  }

  /**
   * Checks {@link BlockStore#write}.
   *
   * @param store the store that was called
   * @param offset as it was passed
   * @param source as it was passed
   * @throws NonWritableChannelException if the store is read-only
   * @throws IllegalArgumentException if range or alignment is wrong
   */
  public static void checkWrite(BlockStore store, long offset, ByteBuffer source) {
    if (store.isReadOnly()) {
      throw new NonWritableChannelException();
    }
    checkRange("write", store, offset, source.remaining());
  }

  /**
   * Checks {@link BlockStore#preallocate}.
   *
   * @param store the store that was called
   * @param offset as it was passed
   * @param length as it was passed
   * @throws NonWritableChannelException if the store is read-only
   * @throws IllegalArgumentException if range or alignment is wrong
   */
  public static void checkPreallocation(BlockStore store, long offset, long length) {
    if (store.isReadOnly()) {
      throw new NonWritableChannelException();
    }
    checkRange("preallocation", store, offset, length);
  }

  /**
   * Checks {@link BlockStore#discard}.
   *
   * @param store the store that was called
   * @param offset as it was passed
   * @param length as it was passed
   * @throws NonWritableChannelException if the store is read-only
   * @throws UnsupportedOperationException if it does not support discard
   * @throws IllegalArgumentException if range or alignment is wrong
   */
  public static void checkDiscard(BlockStore store, long offset, long length) {
    if (store.isReadOnly()) {
      throw new NonWritableChannelException();
    }
    DiscardSupport support = store.discardSupport();
    if (!support.supported()) {
      throw new UnsupportedOperationException(store.name() + " does not support discard");
    }
    checkRange("discard", store, offset, length);
    if (length > support.maxLength()) {
      throw new IllegalArgumentException(
          "discard of "
              + length
              + " bytes, "
              + store.name()
              + " takes at most "
              + support.maxLength()
              + " in one call; split it");
    }
  }

  /**
   * Checks {@link BlockStore#copyTo}.
   *
   * @param store the store that was called
   * @param offset as it was passed
   * @param target as it was passed
   * @param targetOffset as it was passed
   * @param length as it was passed
   * @throws IllegalArgumentException if range or alignment is wrong, or the target is the store
   * @throws NonWritableChannelException if the target is read-only
   */
  public static void checkCopy(
      BlockStore store, long offset, BlockStore target, long targetOffset, long length) {
    if (target == store) {
      throw new IllegalArgumentException(
          "copy from " + store.name() + " to itself; read and write instead");
    }
    checkRange("copy", store, offset, length);
    checkRange("copy", target, targetOffset, length);
    if (target.isReadOnly()) {
      throw new NonWritableChannelException();
    }
  }

  /**
   * Checks {@link BlockStore#extentAt}.
   *
   * @param store the store that was called
   * @param offset as it was passed
   * @param length as it was passed
   * @throws IllegalArgumentException if the range is empty or not inside the store
   */
  public static void checkExtent(BlockStore store, long offset, long length) {
    long size = store.size();
    if (length <= 0 || offset < 0 || offset >= size || length > size - offset) {
      throw new IllegalArgumentException(
          "extent of "
              + length
              + " bytes at byte "
              + offset
              + ", "
              + store.name()
              + " has "
              + size
              + "; ask for 1 byte or more inside it");
    }
  }

  private static void checkRange(String operation, BlockStore store, long offset, long length) {
    int block = store.logicalBlockSize();
    if (((offset | length) & (block - 1)) == 0 && offset >= 0 && length >= 0) {
      if (offset <= store.size() && length <= store.size() - offset) {
        return;
      }
      throw new IllegalArgumentException(
          operation
              + " of "
              + length
              + " bytes at byte "
              + offset
              + " ends at byte "
              + (length > Long.MAX_VALUE - offset ? "2^63 or more" : offset + length)
              + ", "
              + store.name()
              + " has "
              + store.size()
              + "; shorten it or use a larger store");
    }
    if (offset < 0 || length < 0) {
      throw new IllegalArgumentException(
          operation
              + " of "
              + length
              + " bytes at byte "
              + offset
              + " of "
              + store.name()
              + "; neither may be negative");
    }
    throw new IllegalArgumentException(
        operation
            + " of "
            + length
            + " bytes at byte "
            + offset
            + " of "
            + store.name()
            + "; both must be multiples of its logical block size, "
            + block);
  }
}
