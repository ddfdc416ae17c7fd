package io.clonedevice.metadata.persistent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class BlockChecksumTest {

  @Test
  void checkValueOfCrc32cIsTheCataloguedOne() {
    CRC32C crc = new CRC32C();
    crc.update("123456789".getBytes(StandardCharsets.US_ASCII));
    assertThat(crc.getValue()).isEqualTo(0xe3069283L);
  }

  @Test
  void emptyOverflowRootHasTheKernelsChecksum() {
    ByteBuffer block = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    BTreeNode.encodeEmptyOverflowRoot(block);
    BlockKind.BTREE_NODE.seal(block, 2);
    assertThat(block.getInt(0)).isEqualTo(0xc360e452);
  }

  @Test
  void positionAndLimitOfTheBlockDoNotMatter() {
    ByteBuffer block = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    block.putInt(100, 77);
    int checksum = BlockChecksum.of(block, 5);
    assertThat(BlockChecksum.of(block.position(8), 5)).isEqualTo(checksum);
  }

  @Test
  void countsOfABitmapWordAreRead() {
    ByteBuffer block = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    block.putLong(16, 0b11_01_10_00);
    assertThat(BitmapBlock.count(block, 0)).isEqualTo(0);
    assertThat(BitmapBlock.count(block, 1)).isEqualTo(1);
    assertThat(BitmapBlock.count(block, 2)).isEqualTo(2);
    assertThat(BitmapBlock.count(block, 3)).isEqualTo(3);
    assertThat(BitmapBlock.usedInWord(block, 0)).isEqualTo(0b1110);
  }

  @Test
  void bitmapWordKeepsEveryBit() {
    ByteBuffer block = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    for (int bit = 0; bit < 32; bit++) {
      BitmapBlock.putWord(block, 509, 1 << bit);
      assertThat(BitmapBlock.usedInWord(block, 509)).isEqualTo(1 << bit);
      assertThat(BitmapBlock.hasSharedInWord(block, 509)).isFalse();
    }
  }
}
