package io.clonedevice.metadata.persistent;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The metadata device as this package sees it: numbered blocks of {@value #BLOCK_SIZE} bytes.
 *
 * <p>Called by one thread at a time. Buffers are used from position to limit and not kept.
 */
public interface MetadataBlocks {
  /** Bytes in a metadata block. */
  int BLOCK_SIZE = 4096;

  /**
   * Returns the number of blocks that may be used.
   *
   * @return blocks, 0 to {@link MetadataLayout#MAX_BLOCKS}
   */
  long blockCount();

  /**
   * Reads consecutive blocks.
   *
   * @param block first block
   * @param target receives a positive multiple of {@value #BLOCK_SIZE} bytes
   * @throws IOException if the device failed or has no such blocks
   */
  void read(long block, ByteBuffer target) throws IOException;

  /**
   * Writes consecutive blocks; not durable until {@link #flush()} returns.
   *
   * @param block first block
   * @param source a positive multiple of {@value #BLOCK_SIZE} bytes
   * @throws IOException if the device failed or has no such blocks; old and new bytes may be mixed
   */
  void write(long block, ByteBuffer source) throws IOException;

  /**
   * Makes the writes that have returned durable.
   *
   * @throws IOException if the device failed; the writes since the last good flush may be lost
   */
  void flush() throws IOException;
}
