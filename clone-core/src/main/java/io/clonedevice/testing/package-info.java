/**
 * Stores for tests, of this library and of programs that use it: each is a {@link
 * io.clonedevice.store.BlockStore} that can do one thing more than another.
 *
 * <ul>
 *   <li>{@link io.clonedevice.testing.FaultyBlockStore} fails chosen calls, with what the test
 *       wants, before or in the middle of their work.
 *   <li>{@link io.clonedevice.testing.GatedBlockStore} holds chosen calls until the test lets them
 *       go, which orders concurrent work without sleeping; or until it is closed, which fails them.
 *   <li>{@link io.clonedevice.testing.RecordingBlockStore} writes down all calls, of several stores
 *       in one {@link io.clonedevice.testing.CallJournal} if wanted.
 *   <li>{@link io.clonedevice.testing.CrashingBlockStore} shows what may be left after a power cut,
 *       {@link io.clonedevice.testing.CrashingMedia} what is left of several stores at once.
 *   <li>{@link io.clonedevice.testing.SlowBlockStore} delays each call.
 * </ul>
 *
 * {@link io.clonedevice.testing.Seed} makes random tests repeatable. None of it needs a test
 * framework. Threads: all methods of the stores may be called from any thread.
 */
package io.clonedevice.testing;
