package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;

/** Takes the words of the bitset as they are read. */
@FunctionalInterface
public interface ArrayWordsConsumer {
  /**
   * Takes the words of one array block; called in ascending order.
   *
   * @param arrayBlock index of the array block
   * @param words its words, little endian, 8 bytes each from position 0 to the limit; not to be
   *     kept
   */
  void accept(int arrayBlock, ByteBuffer words);
}
