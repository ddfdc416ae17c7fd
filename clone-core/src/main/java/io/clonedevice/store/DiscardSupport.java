package io.clonedevice.store;

/**
 * What a store can do with {@link BlockStore#discard}.
 *
 * @param supported whether it may be called
 * @param granularity bytes, {@code > 0}; parts of a range that are smaller or not aligned to it may
 *     be kept, where the end of the store counts as aligned; 0 if not supported
 * @param maxLength largest range of one call, in bytes; 0 if not supported
 * @param readsZeroes whether what is aligned to the granularity in a range that was discarded reads
 *     as zeroes, always
 */
public record DiscardSupport(
    boolean supported, long granularity, long maxLength, boolean readsZeroes) {
  /** No discard. */
  public static final DiscardSupport NONE = new DiscardSupport(false, 0, 0, false);
}
