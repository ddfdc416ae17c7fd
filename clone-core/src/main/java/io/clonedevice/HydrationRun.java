package io.clonedevice;

/**
 * A range of a clone device whose regions are all hydrated, or all not.
 *
 * @param offset first byte
 * @param length bytes, positive
 * @param hydrated whether the valid data is on the destination
 */
public record HydrationRun(long offset, long length, boolean hydrated) {}
