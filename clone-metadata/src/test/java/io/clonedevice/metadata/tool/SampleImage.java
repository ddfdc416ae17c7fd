package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.RegionGeometry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Sound metadata to be damaged: two states of it, one commit apart.
 *
 * @param changed the blocks in which the states differ, without the superblock
 * @param isVirgin whether the changed blocks were all zeroes in the old state, so that nothing that
 *     is left of earlier states can pass for them
 */
record SampleImage(
    String name,
    ImageDevice old,
    ImageDevice device,
    Meaning oldMeaning,
    Meaning meaning,
    Map<Long, BlockType> types,
    List<Long> changed,
    boolean isVirgin) {

  /** Makes metadata with a random history. */
  static SampleImage written(String name, int regions, int blocks, int commits, Random random)
      throws IOException {
    RegionGeometry geometry = new RegionGeometry(regions * 4096L - 512, 4096);
    ImageDevice device = new ImageDevice(blocks);
    try (CloneMetadata metadata = CloneMetadata.open(device, geometry)) {
      ImageDevice old = device;
      for (int i = 0; i < commits; i++) {
        old = device.copy();
        do {
          int first = random.nextInt(regions);
          metadata.markHydrated(first, 1 + random.nextInt(Math.min(500, regions - first)));
        } while (!metadata.hasUncommittedChanges() || random.nextBoolean());
        metadata.finishCommit(metadata.beginCommit());
      }
      return of(name, old, new ImageDevice(device.toBytes()));
    }
  }

  /** Takes metadata that the kernel wrote; both states are the same. */
  static SampleImage golden(String name) throws IOException {
    ImageDevice device = ImageDevice.golden(name);
    return of(name, device, device);
  }

  private static SampleImage of(String name, ImageDevice old, ImageDevice device)
      throws IOException {
    List<Long> changed = new ArrayList<>();
    boolean virgin = true;
    for (long block = 1; block < device.blockCount(); block++) {
      if (!Arrays.equals(old.block(block), device.block(block))) {
        changed.add(block);
        virgin &= Arrays.equals(old.block(block), new byte[MetadataDevice.BLOCK_SIZE]);
      }
    }
    return new SampleImage(
        name,
        old,
        device,
        Meaning.of(old),
        Meaning.of(device),
        BlockType.in(device),
        changed,
        virgin);
  }
}
