package io.clonedevice.metadata;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A metadata device as the metadata sees it: blocks of 4096 bytes, by number.
 *
 * <p>The metadata serialises its own calls: an implementation need not be thread-safe, but calls
 * may come from different threads one after the other.
 */
public interface MetadataDevice extends Closeable {
  /** Bytes in a metadata block. */
  int BLOCK_SIZE = 4096;

  /**
   * Returns the number of whole blocks on the device; a partial block at the end is not counted.
   *
   * @return number of blocks, {@code >= 0}
   */
  long blockCount();

  /**
   * Returns whether the device refuses writes.
   *
   * @return whether only {@link #read} may be called
   */
  boolean isReadOnly();

  /**
   * Reads consecutive blocks.
   *
   * @param block first block; {@code 0 <= block}, {@code block + remaining / 4096 <= blockCount()}
   * @param target receives the bytes from position to limit, a positive multiple of 4096 of them;
   *     not kept after return; its position is at the limit on success
   * @throws IOException if the device failed; the message names the place
   */
  void read(long block, ByteBuffer target) throws IOException;

  /**
   * Writes consecutive blocks; not durable until {@link #flush()} returns.
   *
   * @param block first block; {@code 0 <= block}, {@code block + remaining / 4096 <= blockCount()}
   * @param source the bytes from position to limit, a positive multiple of 4096 of them; not kept
   *     after return; its position is at the limit on success
   * @throws IOException if the device failed; the blocks may hold old and new bytes
   */
  void write(long block, ByteBuffer source) throws IOException;

  /**
   * Makes all writes that returned before this call durable.
   *
   * @throws IOException if the device failed; the writes since the last good flush may be lost
   */
  void flush() throws IOException;
}
