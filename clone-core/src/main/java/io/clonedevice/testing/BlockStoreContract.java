package io.clonedevice.testing;

/**
 * The promises of {@link io.clonedevice.store.BlockStore} as JUnit tests, for every backend and
 * every wrapper: transfers, refusals, discards and copies, threads. An author of a backend says how
 * a store is made and runs them all.
 *
 * <pre>{@code
 * class ObjectStorageBlockStoreTest extends BlockStoreContract {
 *   @Override
 *   protected BlockStore create(long size) throws Exception {
 *     return ObjectStorageBlockStore.create(bucket(), size);
 *   }
 *
 *   @Override
 *   protected BlockStore openReadOnly(BlockStore store) throws Exception {
 *     return ObjectStorageBlockStore.openReadOnly(bucket());
 *   }
 * }
 * }</pre>
 *
 * <p>Tests of its own stand in the same class. What a backend does not support (discard, for
 * example) it says so itself, and the contract checks that it refuses.
 *
 * <p>Needs JUnit Jupiter and AssertJ on the class path. One instance a test, on the test's thread.
 */
public abstract class BlockStoreContract extends ThreadContract {
  /** For subclasses. */
  protected BlockStoreContract() {}
}
