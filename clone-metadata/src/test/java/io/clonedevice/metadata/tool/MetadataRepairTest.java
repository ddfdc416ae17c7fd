package io.clonedevice.metadata.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionGeometry;
import java.io.IOException;
import java.util.BitSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MetadataRepairTest {
  private static final int BLOCKS = 64;
  private static final int REGIONS = 70_000;
  private static final int PER_ARRAY_BLOCK = 509 * 64;
  private static final RegionGeometry GEOMETRY = new RegionGeometry(REGIONS * 4096L, 4096);

  private ImageDevice device;
  private BitSet hydrated;

  @BeforeEach
  void writeMetadata() throws IOException {
    device = new ImageDevice(BLOCKS);
    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(5, 3);
      metadata.markHydrated(PER_ARRAY_BLOCK + 5, 3);
      metadata.markHydrated(2 * PER_ARRAY_BLOCK + 5, 3);
      metadata.finishCommit(metadata.beginCommit());
    }
    hydrated = Meaning.of(device).hydrated();
  }

  private long root() {
    return BlockType.view(device.block(0)).getLong(188);
  }

  private long arrayBlock(int index) {
    return BlockType.view(device.block(root())).getLong(2048 + 8 * index);
  }

  private void spoil(long block) {
    byte[] bytes = device.block(block);
    bytes[100] ^= 1;
    device.put(block, bytes);
  }

  private static BitSet repaired(MetadataRepair repair) throws IOException {
    ImageDevice target = new ImageDevice(BLOCKS);
    repair.writeTo(target);
    return Meaning.of(target).hydrated();
  }

  @Test
  void damagedSpaceMapLosesNothing() throws IOException {
    spoil(BlockType.view(device.block(0)).getLong(60));

    MetadataRepair repair = MetadataRepair.of(device);

    assertThat(repair.lost()).isEmpty();
    assertThat(repair.uncorroborated()).containsExactly(new RegionRange(0, REGIONS));
    assertThat(repair.hydrated()).isEqualTo(9);
    assertThat(repaired(repair)).isEqualTo(hydrated);
  }

  @Test
  void countThatIsTooHighCorroboratesNothing() throws IOException {
    long bitmap =
        BlockType.view(device.block(BlockType.view(device.block(0)).getLong(60))).getLong(16);
    byte[] bytes = device.block(bitmap);
    int bit = 8 * 16 + 2 * (int) arrayBlock(1);
    bytes[bit / 8] |= (byte) (3 << bit % 8);
    BlockType.BITMAP.reseal(bytes);
    device.put(bitmap, bytes);

    MetadataRepair repair = MetadataRepair.of(device);

    assertThat(repair.lost()).isEmpty();
    assertThat(repair.uncorroborated())
        .containsExactly(new RegionRange(PER_ARRAY_BLOCK, PER_ARRAY_BLOCK));
  }

  @Test
  void damagedArrayBlockLosesItsRegionsOnly() throws IOException {
    spoil(arrayBlock(1));

    MetadataRepair repair = MetadataRepair.of(device);

    assertThat(repair.lost()).containsExactly(new RegionRange(PER_ARRAY_BLOCK, PER_ARRAY_BLOCK));
    assertThat(repair.uncorroborated()).isEmpty();
    hydrated.clear(PER_ARRAY_BLOCK, 2 * PER_ARRAY_BLOCK);
    assertThat(repaired(repair)).isEqualTo(hydrated);
  }

  @Test
  void adjacentLossesAreOneRangeThatEndsWithTheDevice() {
    spoil(arrayBlock(1));
    spoil(arrayBlock(2));

    assertThat(MetadataRepair.of(device).lost())
        .containsExactly(new RegionRange(PER_ARRAY_BLOCK, REGIONS - PER_ARRAY_BLOCK));
  }

  @Test
  void arrayBlocksWithoutTheirNodeAreNotTrusted() throws IOException {
    spoil(root());

    MetadataRepair repair = MetadataRepair.of(device);

    assertThat(repair.lost()).containsExactly(new RegionRange(0, REGIONS));
    assertThat(repaired(repair).isEmpty()).isTrue();
  }

  @Test
  void arrayBlockThatIsCountedFreeIsNotTrusted() throws IOException {
    // The only fault of the kernel's image is that a count was lost: of array block 64.
    MetadataRepair sound = MetadataRepair.of(ImageDevice.golden("churn-2"));
    assertThat(sound.lost()).isEmpty();

    MetadataRepair repair = MetadataRepair.of(ImageDevice.golden("corrupt/bitmap-lost-count"));

    assertThat(repair.lost()).hasSize(1);
    assertThat(repair.hydrated()).isLessThan(sound.hydrated());
  }

  @Test
  void blockThatTwoEntriesReferToIsTrustedForNeither() {
    byte[] root = device.block(root());
    BlockType.view(root).putLong(2048, arrayBlock(1));
    BlockType.NODE.reseal(root);
    device.put(root(), root);

    assertThat(MetadataRepair.of(device).lost())
        .containsExactly(new RegionRange(0, 2 * PER_ARRAY_BLOCK));
  }

  @Test
  void superblockThatIsNotUsableIsNotGuessed() {
    spoil(0);

    MetadataRepair repair = MetadataRepair.of(device);

    assertThat(repair.isPossible()).isFalse();
    assertThatThrownBy(repair::writeInPlace)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the superblock is not usable");
  }

  @Test
  void startingOverLeavesNothingHydrated() throws IOException {
    spoil(0);

    MetadataRepair repair = MetadataRepair.of(device).startingOver(GEOMETRY);

    assertThat(repair.lost()).containsExactly(new RegionRange(0, REGIONS));
    repair.writeInPlace();
    assertThat(Meaning.of(device)).isEqualTo(new Meaning(GEOMETRY, new BitSet()));
  }

  @Test
  void startingOverIsRefusedWhileTheSuperblockIsUsable() {
    spoil(root());
    MetadataRepair repair = MetadataRepair.of(device);

    assertThatThrownBy(() -> repair.startingOver(GEOMETRY))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the superblock is readable");
  }

  @Test
  void inPlaceKeepsTheArrayBlocksWhereTheyAre() throws IOException {
    long kept = arrayBlock(0);
    spoil(arrayBlock(1));

    MetadataRepair.of(device).writeInPlace();

    assertThat(arrayBlock(0)).isEqualTo(kept);
    hydrated.clear(PER_ARRAY_BLOCK, 2 * PER_ARRAY_BLOCK);
    assertThat(Meaning.of(device)).isEqualTo(new Meaning(GEOMETRY, hydrated));
  }

  @Test
  void repairedMetadataCanBeCarriedOn() throws IOException {
    spoil(arrayBlock(1));
    MetadataRepair.of(device).writeInPlace();

    try (CloneMetadata metadata = CloneMetadata.open(device, GEOMETRY)) {
      metadata.markHydrated(0, REGIONS);
      metadata.finishCommit(metadata.beginCommit());
    }

    assertThat(MetadataCheck.of(device).faults()).isEmpty();
    assertThat(Meaning.of(device).hydrated().cardinality()).isEqualTo(REGIONS);
  }

  @Test
  void targetWithAnythingOnItIsRefusedUntouched() {
    spoil(root());
    ImageDevice target = new ImageDevice(BLOCKS);
    byte[] something = new byte[4096];
    something[4000] = 1;
    target.put(BLOCKS - 1, something);

    assertThatThrownBy(() -> MetadataRepair.of(device).writeTo(target))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("metadata block 63 is not all zeroes");
    assertThat(target.block(0)).containsOnly(0);
  }

  @Test
  void targetThatIsTooSmallIsRefused() {
    spoil(root());

    assertThatThrownBy(() -> MetadataRepair.of(device).writeTo(new ImageDevice(9)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Metadata device too small: 36864 bytes");
  }

  @Test
  void repairThatIsCutShortLeavesATargetThatNothingOpens() {
    spoil(root());
    ImageDevice target = new ImageDevice(BLOCKS);
    target.failAfterWrites(3);

    assertThatThrownBy(() -> MetadataRepair.of(device).writeTo(target))
        .hasMessage("injected fault in write");

    assertThatThrownBy(() -> CloneMetadata.open(target, GEOMETRY))
        .hasMessageContaining("Superblock check failed");
  }
}
