package io.clonedevice.metadata.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.persistent.MetadataFault;
import io.clonedevice.metadata.persistent.MetadataFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Metadata that was made to hurt its reader; all checksums are right. */
class HostileImageTest {
  private static final int BLOCKS = 600;
  private static final long REGIONS = 253 * 32_576L;

  private ImageDevice device;

  @BeforeEach
  void format() throws IOException {
    device = new ImageDevice(BLOCKS);
    CloneMetadata.open(device, new RegionGeometry(REGIONS * 4096, 4096)).close();
    device.readOnly = true;
  }

  private void patch(long block, BlockType type, Consumer<ByteBuffer> change) {
    byte[] bytes = device.block(block);
    change.accept(BlockType.view(bytes));
    type.reseal(bytes);
    device.put(block, bytes);
  }

  private long root() {
    return BlockType.view(device.block(0)).getLong(188);
  }

  private MetadataCheck check() {
    device.blocksRead = 0;
    MetadataCheck check = MetadataCheck.of(device);
    assertThat(device.blocksRead).isLessThanOrEqualTo(BLOCKS);
    return check;
  }

  @Test
  void moreRegionsThanTheBlocksCanHoldAreRefusedBeforeMemoryIsTakenForThem() {
    patch(0, BlockType.SUPERBLOCK, block -> block.putLong(180, 8L << 31));

    assertThat(check().faults()).extracting(MetadataFault::field).containsExactly("nr_blocks");
    assertThatThrownBy(() -> CloneMetadata.openReadOnly(device))
        .isInstanceOf(MetadataFormatException.class)
        .hasMessageContaining("nr_blocks 600, expected at least ");
  }

  @Test
  void moreBlocksThanTheDeviceHasDoNotHideTheRest() {
    patch(0, BlockType.SUPERBLOCK, block -> block.putLong(44, 4_161_600));

    assertThat(check().faults()).extracting(MetadataFault::field).contains("nr_blocks");
    assertThat(MetadataRepair.of(device).lost()).isEmpty();
  }

  @Test
  void nodeThatIsItsOwnChildEnds() {
    long root = root();
    patch(root, BlockType.NODE, block -> block.putLong(2048, root));

    assertThat(check().faults())
        .anyMatch(fault -> fault.block() == root && fault.field().equals("value 0"));
    assertThat(MetadataRepair.of(device).lost()).containsExactly(new RegionRange(0, REGIONS));
  }

  @Test
  void chainOfNodesEndsAtTheGreatestDepth() {
    // Each of these has one child, the next one.
    long first = 400;
    for (long block = first; block < first + 40; block++) {
      long number = block;
      device.put(block, new byte[4096]);
      patch(
          block,
          BlockType.NODE,
          node -> {
            node.putInt(4, 1).putLong(8, number).putInt(16, 1).putInt(20, 252).putInt(24, 8);
            node.putLong(2048, number + 1);
          });
    }
    patch(0, BlockType.SUPERBLOCK, block -> block.putLong(188, first));

    assertThat(check().isSound()).isFalse();
  }

  @Test
  void subtreeWithTwoParentsIsTrustedByNeither() {
    long root = root();
    patch(root, BlockType.NODE, block -> block.putLong(2056, block.getLong(2048)));

    assertThat(check().faults())
        .anyMatch(fault -> fault.block() == root && fault.field().equals("value 1"));
    MetadataRepair repair = MetadataRepair.of(device);
    assertThat(repair.lost()).containsExactly(new RegionRange(0, REGIONS));
  }

  @Test
  void allBitmapsInOneBlockAreRefused() {
    long index = BlockType.view(device.block(0)).getLong(60);
    patch(0, BlockType.SUPERBLOCK, block -> block.putLong(44, 4_161_600));
    patch(
        index,
        BlockType.INDEX,
        block -> {
          for (int bitmap = 1; bitmap < 255; bitmap++) {
            block.putLong(16 + 16 * bitmap, block.getLong(16));
          }
        });

    assertThat(check().faults())
        .extracting(MetadataFault::field)
        .contains("block number of bitmap 1", "block number of bitmap 254");
  }

  @Test
  void unreadableBlockIsAFaultOfThatBlock() throws IOException {
    long array = BlockType.in(device).keySet().stream().reduce((a, b) -> b).orElseThrow();
    device.makeUnreadable(array);

    assertThat(check().faults())
        .singleElement()
        .satisfies(fault -> assertThat(fault.block()).isEqualTo(array))
        .satisfies(fault -> assertThat(fault.field()).isEqualTo("read"));
  }
}
