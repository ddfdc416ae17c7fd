package io.clonedevice.metadata.persistent;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A full array block whose regions are all hydrated, or none: what most of a large device is made
 * of. Tells a sound one by a single comparison, where any other needs a checksum and a count.
 *
 * <p>Such blocks differ in their number only, and a CRC is linear: a bit that is flipped in the
 * number flips the same bits of the checksum, whatever the others are. So the checksum for any
 * number follows from one checksum for each bit. Used by one thread at a time.
 */
final class UniformArrayBlock {
  private static final int NUMBER_BITS = 64 - Long.numberOfLeadingZeros(MetadataLayout.MAX_BLOCKS);

  private final ByteBuffer sound = OnDiskMetadata.newDirectBuffer(1);
  private final int checksumOfNumberZero;
  private final int[] flipsOfNumberBit = new int[NUMBER_BITS];

  UniformArrayBlock(boolean hydrated) {
    long[] words = new long[ArrayBlock.WORDS_PER_BLOCK];
    Arrays.fill(words, hydrated ? -1L : 0);
    ArrayBlock.encode(sound, words, words.length);
    checksumOfNumberZero = sealFor(0);
    for (int bit = 0; bit < NUMBER_BITS; bit++) {
      flipsOfNumberBit[bit] = sealFor(1L << bit) ^ checksumOfNumberZero;
    }
  }

  private int sealFor(long number) {
    BlockKind.ARRAY.seal(sound, number);
    return sound.getInt(BlockChecksum.CHECKSUM_OFFSET);
  }

  /** Returns whether what remains in a buffer is this block, sound, under the number given. */
  boolean matches(ByteBuffer block, int number) {
    int checksum = checksumOfNumberZero;
    for (int bits = number; bits != 0; bits &= bits - 1) {
      checksum ^= flipsOfNumberBit[Integer.numberOfTrailingZeros(bits)];
    }
    BlockKind.ARRAY.seal(sound, number, checksum);
    return block.equals(sound);
  }
}
