package io.clonedevice.store;

import java.io.IOException;

/**
 * Trouble of a {@link BlockStore}, with its place: store, operation, offset and length in bytes.
 */
public final class BlockIoException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What the store was asked to do. */
  public enum Operation {
    /** {@link BlockStore#read}. */
    READ,
    /** {@link BlockStore#write} and its kin. */
    WRITE,
    /** {@link BlockStore#flush}; offset and length are 0. */
    FLUSH,
    /** {@link BlockStore#discard}. */
    DISCARD,
    /** {@link BlockStore#copyTo}. */
    COPY
  }

  /** The store's name. */
  private final String store;

  /** What it was asked to do. */
  private final Operation operation;

  /** First byte of the range. */
  private final long offset;

  /** Bytes of the range. */
  private final long length;

  /**
   * Makes an exception.
   *
   * @param store the store's name
   * @param operation what it was asked to do
   * @param offset first byte of the range
   * @param length bytes of the range
   * @param cause why it failed; never {@code null}
   */
  public BlockIoException(
      String store, Operation operation, long offset, long length, Throwable cause) {
    super(
        operation.name().toLowerCase(java.util.Locale.ROOT)
            + (operation == Operation.FLUSH
                ? " of "
                : " of " + length + " bytes at byte " + offset + " of ")
            + store
            + " failed: "
            + (cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage()),
        cause);
    this.store = store;
    this.operation = operation;
    this.offset = offset;
    this.length = length;
  }

  /**
   * Returns which store failed.
   *
   * @return its name
   */
  public String store() {
    return store;
  }

  /**
   * Returns what the store was asked to do.
   *
   * @return the operation
   */
  public Operation operation() {
    return operation;
  }

  /**
   * Returns where the range begins.
   *
   * @return bytes
   */
  public long offset() {
    return offset;
  }

  /**
   * Returns how long the range is.
   *
   * @return bytes
   */
  public long length() {
    return length;
  }
}
