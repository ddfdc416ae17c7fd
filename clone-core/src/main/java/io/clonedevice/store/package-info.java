/**
 * Where blocks live: {@link io.clonedevice.store.BlockStore}, the interface that the author of a
 * backend implements, and the backends that come with the library.
 *
 * <p>Read {@code BlockStore} first: its promises hold for every backend. Then choose:
 *
 * <ul>
 *   <li>{@link io.clonedevice.store.FileChannelBlockStore}: files and block devices through the
 *       page cache. The usual choice.
 *   <li>{@link io.clonedevice.store.MappedBlockStore}: the same mapped into memory; the least time
 *       for small requests that hit the page cache.
 *   <li>{@link io.clonedevice.store.RawDeviceBlockStore}: the same past the page cache.
 *   <li>{@link io.clonedevice.store.MemoryBlockStore}: the Java heap, sparse.
 * </ul>
 *
 * {@link io.clonedevice.store.AbstractBlockStore} is the base of backends, {@link
 * io.clonedevice.store.FilterBlockStore} that of wrappers.
 *
 * <p>Threads: any thread may call any method of a store at any time. No store starts a thread.
 */
package io.clonedevice.store;
