package io.clonedevice.store;

/**
 * What a store can do with {@link BlockStore#discard}.
 *
 * @param supported whether it may be called
 * @param granularity bytes; parts of a range that are smaller or not aligned to it may be kept
 * @param maxLength largest range of one call, in bytes; 0 if not supported
 * @param readsZeroes whether a range that was discarded reads as zeroes, always
 */
public record DiscardSupport(
    boolean supported, long granularity, long maxLength, boolean readsZeroes) {
  /** No discard. */
  public static final DiscardSupport NONE = new DiscardSupport(false, 0, 0, false);
}
