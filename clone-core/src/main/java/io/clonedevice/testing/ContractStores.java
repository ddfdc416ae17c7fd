package io.clonedevice.testing;

import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** How the stores under test are made, and what the tests do with them. */
abstract class ContractStores {
  /** For files; emptied after each test. */
  @TempDir protected Path directory;

  private final List<BlockStore> opened = new ArrayList<>();

  /**
   * Makes a store on a medium of its own: writable, reads as zeroes.
   *
   * @param size bytes; a multiple of {@link #block()}, up to a little over 4 TiB, which a medium
   *     has to hold sparsely
   * @return a store of exactly this size; the contract closes it
   * @throws Exception if it cannot be made, or a failed assumption if not here
   */
  protected abstract BlockStore create(long size) throws Exception;

  /**
   * Opens the medium of a store a second time, read-only.
   *
   * @param store made by {@link #create}, open
   * @return a read-only store with the same {@link BlockStore#identity()}; the contract closes it
   * @throws Exception if it cannot be opened
   */
  protected abstract BlockStore openReadOnly(BlockStore store) throws Exception;

  /**
   * Returns the logical block size that the stores have.
   *
   * @return bytes; 512 unless overridden
   */
  protected int block() {
    return 512;
  }

  /**
   * Closes all stores that were made; called after each test, and may be called before.
   *
   * @throws IOException if one cannot be closed
   */
  @AfterEach
  protected final void closeAll() throws IOException {
    for (BlockStore store : opened) {
      store.close();
    }
  }

  /**
   * Makes a store that is closed after the test.
   *
   * @param size bytes
   * @return see {@link #create}
   * @throws Exception as {@link #create}
   */
  protected final BlockStore make(long size) throws Exception {
    return tracked(create(size));
  }

  /**
   * Has a store closed after the test.
   *
   * @param <S> its type
   * @param store closed after those that were tracked before
   * @return the store
   */
  protected final <S extends BlockStore> S tracked(S store) {
    opened.add(store);
    return store;
  }

  /**
   * Draws bytes.
   *
   * @param random decides
   * @param length how many
   * @return a new array
   */
  protected static byte[] randomBytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  /**
   * Reads a range.
   *
   * @param store where
   * @param offset first byte
   * @param length bytes
   * @return a new array
   * @throws IOException if the store failed
   */
  protected static byte[] read(BlockStore store, long offset, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    store.read(offset, buffer);
    return buffer.array();
  }
}
