package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.testing.CloneFixture;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A buffer belongs to the device while its request is in flight. A caller who uses it all the same
 * spoils what is in it, and nothing else.
 */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BufferReuseTest {
  private static final int REGION = 4096;
  private static final int SIZE = 8 * REGION;
  private static final int SECTOR = 512;

  private final CloneFixture media =
      CloneFixture.builder().randomSource(SIZE, 1).regionSize(REGION).build();
  private final byte[] expected = media.content();
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();

  private enum Reuse {
    CLEARED(ByteBuffer::clear),
    SHORTENED(buffer -> buffer.position(0).limit(0)),
    MOVED(buffer -> buffer.limit(buffer.capacity()).position(4 * SECTOR));

    private final Consumer<ByteBuffer> change;

    Reuse(Consumer<ByteBuffer> change) {
      this.change = change;
    }
  }

  @AfterEach
  void closeMedia() throws Exception {
    media.close();
  }

  private void run() {
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBufferWhoseLimitsChangeInFlightSpoilsNoOtherSector(Reuse reuse) throws Exception {
    byte[] bytes = new byte[8 * SECTOR];
    for (int sector = 0; sector < 8; sector++) {
      Arrays.fill(bytes, sector * SECTOR, (sector + 1) * SECTOR, (byte) (sector + 1));
    }
    try (CloneRuntime runtime =
            CloneRuntime.builder().steppedByCaller().ioExecutor(tasks::add).build();
        CloneDevice device = media.deviceBuilder().runtime(runtime).open()) {
      // Part of an unhydrated region; part of the now hydrated one; a whole unhydrated one.
      write(device, reuse, bytes, SECTOR, SECTOR, SECTOR);
      write(device, reuse, bytes, SECTOR, 2 * SECTOR, 5 * SECTOR);
      write(device, reuse, bytes, 0, bytes.length, 3 * REGION);

      ByteBuffer target = ByteBuffer.wrap(new byte[SIZE + SECTOR]).limit(SIZE);
      CompletableFuture<Void> read = device.read(0, target);
      reuse.change.accept(target);
      run();
      assertThat(read).isCompleted();
      assertThat(target.array()).startsWith(expected).endsWith(new byte[SECTOR]);
      tasks.clear();
    } finally {
      run();
    }
    assertThat(Arrays.copyOf(media.destination().bytes().contents(), REGION))
        .isEqualTo(Arrays.copyOf(expected, REGION));
  }

  private void write(
      CloneDevice device, Reuse reuse, byte[] bytes, int from, int length, int offset) {
    System.arraycopy(bytes, from, expected, offset, length);
    ByteBuffer data = ByteBuffer.wrap(bytes).position(from).limit(from + length);
    CompletableFuture<Void> write = device.write(offset, data);
    reuse.change.accept(data);
    run();
    assertThat(write).isCompleted();
  }

  @Test
  void thePositionIsAtTheLimitAfterwards() throws Exception {
    try (CloneDevice device = media.deviceBuilder().open()) {
      ByteBuffer data = ByteBuffer.allocate(SIZE).position(SECTOR).limit(4 * SECTOR);
      device.write(0, data).join();
      assertThat(data.position()).isEqualTo(4 * SECTOR);
      data.clear().position(SECTOR);
      device.read(SECTOR, data).join();
      assertThat(data.hasRemaining()).isFalse();
    }
  }
}
