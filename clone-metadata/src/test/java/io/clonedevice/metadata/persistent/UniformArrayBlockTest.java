package io.clonedevice.metadata.persistent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UniformArrayBlockTest {
  private static final int LAST_NUMBER = (int) MetadataLayout.MAX_BLOCKS - 1;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void knowsASoundBlockUnderAnyNumber(boolean hydrated) {
    UniformArrayBlock uniform = new UniformArrayBlock(hydrated);
    for (int number = 1; number <= LAST_NUMBER; number += 997) {
      assertThat(uniform.matches(block(number, hydrated), number)).as("block %d", number).isTrue();
    }
    assertThat(uniform.matches(block(LAST_NUMBER, hydrated), LAST_NUMBER)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void refusesABlockOfTheOtherState(boolean hydrated) {
    assertThat(new UniformArrayBlock(hydrated).matches(block(7, !hydrated), 7)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void refusesABlockThatBelongsElsewhere(boolean hydrated) {
    assertThat(new UniformArrayBlock(hydrated).matches(block(7, hydrated), 8)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void refusesABlockWithAnyBitFlipped(boolean hydrated) {
    UniformArrayBlock uniform = new UniformArrayBlock(hydrated);
    ByteBuffer block = block(4711, hydrated);
    for (int bit = 0; bit < 8 * block.limit(); bit++) {
      byte whole = block.get(bit / 8);
      block.put(bit / 8, (byte) (whole ^ 1 << bit % 8));
      assertThat(uniform.matches(block, 4711)).as("with bit %d flipped", bit).isFalse();
      block.put(bit / 8, whole);
    }
  }

  private static ByteBuffer block(int number, boolean hydrated) {
    long[] words = new long[ArrayBlock.WORDS_PER_BLOCK];
    Arrays.fill(words, hydrated ? -1L : 0);
    ByteBuffer block = OnDiskMetadata.newBlock();
    ArrayBlock.encode(block, words, words.length);
    BlockKind.ARRAY.seal(block, number);
    return block;
  }
}
