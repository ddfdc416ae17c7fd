package io.clonedevice.store;

/**
 * A range of a store and what is known about it.
 *
 * @param offset first byte
 * @param length bytes, positive
 * @param kind what the range holds
 */
public record Extent(long offset, long length, Kind kind) {
  /** What a range holds. */
  public enum Kind {
    /** Bytes that must be read to be known. */
    DATA,
    /** Nothing is stored; reads as zeroes. */
    HOLE
  }
}
