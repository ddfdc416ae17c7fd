/**
 * Requests, claims and commits; internal, not an API.
 *
 * <p>Read {@link io.clonedevice.engine.CloneEngine} first, then {@code RequestRouter} (how a
 * request is split into runs), {@link io.clonedevice.engine.ClaimTable} (one claim a region) and
 * {@code CommitPipeline} (one commit for many flushes).
 *
 * <p>Threads: a request is routed on the thread that submits it if it may block (the blocking face)
 * or need not (stores that return at once), otherwise on the I/O executor. Nothing in this package
 * starts a thread, waits for a claim while it holds one, or calls a store or a user while it holds
 * a lock.
 */
package io.clonedevice.engine;
