package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;

/** Takes the words of the bitset as they are read: each array block once, in ascending order. */
public interface ArrayWordsConsumer {
  /**
   * Takes the words of one array block.
   *
   * @param arrayBlock index of the array block
   * @param words its words, little endian, 8 bytes each from position 0 to the limit; not to be
   *     kept
   */
  void accept(int arrayBlock, ByteBuffer words);

  /**
   * Takes one full array block whose regions are all alike.
   *
   * @param arrayBlock index of the array block
   * @param hydrated whether they are hydrated
   */
  void acceptUniform(int arrayBlock, boolean hydrated);
}
