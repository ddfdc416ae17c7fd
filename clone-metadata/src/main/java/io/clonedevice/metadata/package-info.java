/**
 * What a clone has hydrated: in memory, and on the metadata device in the format of Linux dm-clone.
 *
 * <p>Read {@link io.clonedevice.metadata.CloneMetadata} first: it opens, marks, commits and aborts,
 * and its class comment shows a commit. Then {@link io.clonedevice.metadata.RegionMap}, which
 * answers what is hydrated, and {@link io.clonedevice.metadata.RegionGeometry}, which converts
 * bytes, sectors and regions. A backend author implements {@link
 * io.clonedevice.metadata.MetadataDevice}; {@link io.clonedevice.metadata.MetadataSize} says how
 * large one must be.
 *
 * <pre>
 *   any thread           one thread at a time
 *   ----------           --------------------
 *   markHydrated --+     beginCommit    swap the dirty words, freeze their values
 *                  |         |
 *                  v         |          (the caller flushes the destination)
 *   RegionMap + DirtyWords   v
 *                        finishCommit   copy-on-write, flush, superblock, flush
 *                            |
 *                            v
 *                        MetadataDevice
 * </pre>
 *
 * <p>Threads: the region map is read without locks; marks take one short lock; commits exclude each
 * other and never make a mark or a read wait for I/O. There are no threads of its own.
 *
 * <p>Memory: all per-region state is off-heap, 1 bit a region for the map and 1 bit per 64 regions
 * for each of two sets of dirty words. It is freed by {@link
 * io.clonedevice.metadata.CloneMetadata#close()}, which must be called.
 */
package io.clonedevice.metadata;
