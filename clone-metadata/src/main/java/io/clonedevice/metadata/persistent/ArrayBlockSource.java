package io.clonedevice.metadata.persistent;

import java.io.IOException;

/** What {@link MetadataFormatter} is to write as the bitset, and what it must leave alone. */
@FunctionalInterface
public interface ArrayBlockSource {
  /**
   * Gives the words of an array block that is not kept; called once for each, in ascending order.
   *
   * @param arrayBlock index of the array block
   * @param words receives the words from index 0; holds anything before
   * @throws IOException if they cannot be had
   */
  void fill(int arrayBlock, long[] words) throws IOException;

  /**
   * Returns where a sound array block is already, which is not written again.
   *
   * @param arrayBlock index of the array block
   * @return its block number, which must be reserved; 0 if it is to be written
   */
  default int keptBlock(int arrayBlock) {
    return 0;
  }

  /**
   * Returns whether a block must not be written.
   *
   * @param block block number, 1 or more
   * @return whether it keeps its content
   */
  default boolean isReserved(int block) {
    return false;
  }
}
