package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.persistent.MetadataFormatException;
import io.clonedevice.metadata.tool.MetadataCheck;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Damaged metadata images as a device meets them when it is opened: it opens what the check calls
 * sound, agrees with it and goes on; anything else it refuses, and leaves every byte as it was.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class RandomImageTest {
  private static final long CASES = Effort.cases("clone.fuzz.cases", 20_000) / 20;
  private static final int BLOCK = 4096;
  private static final int REGION = 4096;

  // Superblock, btree node, array block, index block, bitmap block.
  private static final int[] SALTS = {257649492, 121107, 595846735, 160478, 240779};
  private static final long[] NUMBERS = {
    0,
    1,
    -1,
    2,
    7,
    63,
    64,
    255,
    1L << 31,
    (1L << 31) - 1,
    1L << 32,
    1L << 40,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    1L << 55
  };

  private final Random random = Seed.random();
  private int opened;
  private int refused;

  @Test
  void aDeviceOpensWhatIsSoundAndLeavesTheRestAlone() throws IOException {
    List<byte[]> images = new ArrayList<>();
    int[] regions = {1, 70, 2500, 40_000};
    for (int count : regions) {
      images.add(image(count));
    }
    try (CloneRuntime runtime =
        CloneRuntime.builder().steppedByCaller().ioExecutor(Runnable::run).build()) {
      for (long number = 0; number < CASES; number++) {
        int which = random.nextInt(regions.length);
        byte[] image = damage(images.get(which).clone());
        try {
          judge(runtime, regions[which], image);
        } catch (AssertionError | RuntimeException | IOException e) {
          throw new AssertionError("case " + number + " of " + regions[which] + " regions", e);
        }
      }
    }
    System.out.println(opened + " damaged images opened, " + refused + " refused");
    assertThat(opened).isPositive();
    assertThat(refused).isPositive();
  }

  /** Metadata after a few commits, so that blocks of older states lie about. */
  private byte[] image(int regions) throws IOException {
    MemoryBlockStore metadata = new MemoryBlockStore(MetadataSize.forRegions(regions));
    byte[] image = new byte[(int) metadata.size()];
    try (CloneDevice device = builder(regions, metadata).open()) {
      for (int commit = 0; commit < 5; commit++) {
        for (int writes = 0; writes < 4; writes++) {
          long region = random.nextInt(regions);
          device.discard(region * REGION, Math.min(9, regions - region) * REGION).join();
        }
        device.flush().join();
      }
      metadata.read(0, ByteBuffer.wrap(image));
    }
    return image;
  }

  private static CloneDeviceBuilder builder(int regions, MemoryBlockStore metadata) {
    return CloneDevice.builder()
        .source(new MemoryBlockStore((long) regions * REGION))
        .destination(new MemoryBlockStore((long) regions * REGION))
        .metadata(metadata)
        .regionSize(REGION)
        .hydration(Hydration.disabled());
  }

  private byte[] damage(byte[] image) {
    for (int damages = random.nextInt(4); damages > 0; damages--) {
      int blocks = image.length / BLOCK;
      int block = random.nextInt(3) == 0 ? 0 : random.nextInt(Math.min(24, blocks));
      int start = block * BLOCK;
      ByteBuffer bytes =
          ByteBuffer.wrap(image, start, BLOCK).slice().order(ByteOrder.LITTLE_ENDIAN);
      int salt = saltOf(bytes);
      switch (random.nextInt(7)) {
        case 0 -> bytes.put(random.nextInt(BLOCK), (byte) random.nextInt());
        case 1 -> bytes.putLong(random.nextInt(BLOCK / 8) * 8, number());
        case 2 -> bytes.putInt(random.nextInt(80) * 4, (int) number());
        case 3 -> Arrays.fill(image, start, start + BLOCK, (byte) 0);
        case 4 -> System.arraycopy(image, random.nextInt(blocks) * BLOCK, image, start, BLOCK);
        case 5 -> {
          int at = random.nextInt(40) * 4;
          bytes.putInt(at, bytes.getInt(at) + random.nextInt(5) - 2);
        }
        default -> {
          return Arrays.copyOf(image, Math.max(1, random.nextInt(blocks + 1)) * BLOCK);
        }
      }
      if (salt != 0 && random.nextInt(5) > 0) {
        bytes.putInt(0, checksum(bytes, salt));
      }
    }
    return image;
  }

  private long number() {
    return random.nextBoolean()
        ? NUMBERS[random.nextInt(NUMBERS.length)]
        : random.nextInt(1 << random.nextInt(31));
  }

  /** The salt under which the checksum of a block is right, 0 if there is none. */
  private static int saltOf(ByteBuffer block) {
    return Arrays.stream(SALTS)
        .filter(salt -> block.getInt(0) == checksum(block, salt))
        .findFirst()
        .orElse(0);
  }

  private static int checksum(ByteBuffer block, int salt) {
    CRC32C crc = new CRC32C();
    crc.update(block.slice(4, BLOCK - 4));
    return ~(int) crc.getValue() ^ salt;
  }

  private void judge(CloneRuntime runtime, int regions, byte[] image) throws IOException {
    MetadataCheck check =
        MetadataCheck.of(new BlockStoreMetadataDevice(MemoryBlockStore.copyOf(image)));
    boolean blank = Arrays.equals(image, 0, BLOCK, new byte[BLOCK], 0, BLOCK);
    MemoryBlockStore metadata = MemoryBlockStore.copyOf(image);
    try (CloneDevice device = builder(regions, metadata).runtime(runtime).open()) {
      opened++;
      if (!blank) {
        assertThat(check.faults()).as("faults of what opens").isEmpty();
        assertThat(device.status().hydratedRegions()).isEqualTo(check.summary().hydrated());
      }
      device.blocking().write(0, ByteBuffer.allocate(512));
      device.blocking().flush();
      byte[] after = new byte[image.length];
      metadata.read(0, ByteBuffer.wrap(after));
      assertThat(
              MetadataCheck.of(new BlockStoreMetadataDevice(MemoryBlockStore.copyOf(after)))
                  .faults())
          .as("faults after a commit")
          .isEmpty();
    } catch (IOException e) {
      refused++;
      assertThat(check.isSound()).as("sound, but: " + e).isFalse();
      assertThat(e).hasMessageStartingWith("Failed to load metadata from ");
      assertThat(e).hasCauseInstanceOf(MetadataFormatException.class);
      assertThat(metadata.contents()).isEqualTo(image);
    } catch (IllegalArgumentException e) {
      // Sound perhaps, but not of this device, or with no room for a commit.
      refused++;
      assertThat(e.getMessage())
          .matches("(?s)(Region and/or target size|Metadata device too small).*");
      assertThat(metadata.contents()).isEqualTo(image);
    }
  }
}
