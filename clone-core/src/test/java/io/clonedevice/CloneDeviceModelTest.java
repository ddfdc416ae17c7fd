package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.testing.CloneFixture;
import io.clonedevice.testing.Seed;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** The device against a byte array: random requests, checked after every step. */
class CloneDeviceModelTest {
  private static final int STEPS = 400;

  @Test
  void hydratesTheWholeSourceAndReadsItAllTheWhile() throws Exception {
    CloneFixture media = CloneFixture.builder().randomSource(1 << 20, 1).regionSize(4096).build();
    byte[] read = new byte[media.content().length];
    try (CloneDevice device = media.deviceBuilder().hydration(Hydration.background()).open()) {
      device.read(0, ByteBuffer.wrap(read)).join();
      device.hydrated().join();
      assertThat(device.status().hydratedRegions()).isEqualTo(256);
    }
    assertThat(read).isEqualTo(media.content());
    assertThat(media.destination().bytes().contents()).isEqualTo(media.content());
  }

  @RepeatedTest(20)
  void behavesLikeAByteArray() throws Exception {
    Random random = Seed.random();
    int regionSize = 4096 << random.nextInt(4);
    int size = 512 * (1 + random.nextInt(40 * regionSize / 512));
    CloneFixture media =
        CloneFixture.builder().randomSource(size, 1).regionSize(regionSize).build();
    byte[] model = media.content();
    boolean zeroes = random.nextBoolean();
    Hydration hydration =
        Hydration.background()
            .threshold(random.nextInt(9))
            .batchSize(random.nextInt(5))
            .onRead(random.nextBoolean());
    for (int life = 0; life < 3; life++) {
      try (CloneDevice device =
          media.deviceBuilder().hydration(hydration).discardedReadsZeroes(zeroes).open()) {
        for (int step = 0; step < STEPS / 3; step++) {
          step(device, random, model);
        }
      }
    }
  }

  private static void step(CloneDevice device, Random random, byte[] model) throws Exception {
    int sectors = model.length / 512;
    int first = random.nextInt(sectors);
    int count = 1 + random.nextInt(Math.min(sectors - first, 1 << random.nextInt(10)));
    int offset = first * 512;
    int length = count * 512;
    switch (random.nextInt(8)) {
      case 0, 1 -> {
        byte[] data = new byte[length];
        random.nextBytes(data);
        if (random.nextBoolean()) {
          device.write(offset, ByteBuffer.wrap(data)).join();
        } else {
          device.blocking().write(offset, ByteBuffer.wrap(data));
        }
        System.arraycopy(data, 0, model, offset, length);
      }
      case 2 -> writeSectorsAtOnce(device, random, model, first, count);
      case 3 -> {
        if (random.nextInt(4) == 0) {
          device.discard(offset, length).join();
          // The destination in memory reads zeroes after a discard.
          ModelDiscard.apply(model, offset, length, device.regionSize());
        }
      }
      case 4 -> device.flush().join();
      case 5 -> {
        if (random.nextInt(8) == 0) {
          device.suspend();
          device.resume();
        }
      }
      default -> {
        ByteBuffer target = ByteBuffer.allocate(length);
        if (random.nextBoolean()) {
          device.read(offset, target).join();
        } else {
          device.blocking().read(offset, target);
        }
        byte[] expected = new byte[length];
        System.arraycopy(model, offset, expected, 0, length);
        assertThat(target.array()).as("%d bytes at byte %d", length, offset).isEqualTo(expected);
      }
    }
  }

  /** Many small writes in flight together that do not overlap: most meet each other's claims. */
  private static void writeSectorsAtOnce(
      CloneDevice device, Random random, byte[] model, int first, int count) {
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    for (int sector = first; sector < first + Math.min(count, 64); sector++) {
      byte[] data = new byte[512];
      random.nextBytes(data);
      writes.add(device.write(sector * 512L, ByteBuffer.wrap(data)));
      System.arraycopy(data, 0, model, sector * 512, 512);
    }
    writes.forEach(CompletableFuture::join);
  }
}
