package io.clonedevice.metadata.tool;

/**
 * Adjacent regions.
 *
 * @param first index of the first region
 * @param count number of regions, at least 1
 */
public record RegionRange(long first, long count) {}
