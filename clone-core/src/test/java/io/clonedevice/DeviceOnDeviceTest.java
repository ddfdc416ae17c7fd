package io.clonedevice;

import static io.clonedevice.SteppedClone.filled;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataModeException;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.FaultyBlockStore;
import io.clonedevice.testing.SteppedRuntime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A clone device as the destination of another one, whose regions are smaller, equal or larger. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DeviceOnDeviceTest {
  private static final int REGION_BELOW = 8192;
  private static final int SIZE_BELOW = 4 * REGION_BELOW + 2048;
  private static final byte BELOW = 1;
  private static final byte SOURCE = 2;
  private static final byte WRITTEN = 3;

  private final SteppedRuntime runtime = new SteppedRuntime();

  @AfterEach
  void close() {
    runtime.close();
  }

  @Test
  @Tag("B25")
  void whatWasDiscardedReadsZeroesIfTheDeviceSaysSo() throws IOException {
    for (int regionSize : new int[] {4096, REGION_BELOW, 2 * REGION_BELOW}) {
      for (int size : new int[] {SIZE_BELOW, SIZE_BELOW - 1024, 4 * REGION_BELOW}) {
        for (boolean option : new boolean[] {false, true}) {
          checkDiscardsOfWholeUnits(regionSize, size, option);
        }
      }
    }
  }

  @Test
  @Tag("B25")
  void zeroesBelowArePromisedOnlyIfEveryRegionIsWholeUnits() throws IOException {
    assertThat(promisesZeroes(REGION_BELOW, SIZE_BELOW)).isTrue();
    assertThat(promisesZeroes(2 * REGION_BELOW, SIZE_BELOW)).isTrue();
    assertThat(promisesZeroes(REGION_BELOW, 4 * REGION_BELOW)).isTrue();

    assertThat(promisesZeroes(4096, SIZE_BELOW)).isFalse();
    assertThat(promisesZeroes(REGION_BELOW, SIZE_BELOW - 1024)).isFalse();
  }

  /** The device above has asked when it was opened, and never again. */
  @Test
  @Tag("B25")
  void zeroesThatTheDeviceBelowCannotRecordAreNotAcknowledged() throws IOException {
    FaultyBlockStore metadata = new FaultyBlockStore(metadataFor(SIZE_BELOW));
    CloneDevice below =
        open(
            filled(SIZE_BELOW, BELOW),
            new MemoryBlockStore(SIZE_BELOW),
            metadata,
            REGION_BELOW,
            false);
    try (CloneDevice device =
        open(filled(SIZE_BELOW, SOURCE), below.blocking(), REGION_BELOW, false)) {
      runtime.await(below.write(REGION_BELOW, ByteBuffer.wrap(filled(REGION_BELOW, WRITTEN))));
      metadata.failAlways(Operation.WRITE);
      assertThat(failureOf(below.flush())).isNotNull();

      assertThat(failureOf(device.discard(0, REGION_BELOW)))
          .isInstanceOf(MetadataModeException.class);
      assertThat(failureOf(device.discard(REGION_BELOW, REGION_BELOW)))
          .as("of what is hydrated below")
          .isNull();

      byte[] expected = filled(2 * REGION_BELOW, SOURCE);
      Arrays.fill(expected, REGION_BELOW, 2 * REGION_BELOW, (byte) 0);
      ByteBuffer read = ByteBuffer.allocate(expected.length);
      runtime.await(device.read(0, read));
      assertThat(read.array()).isEqualTo(expected);
      metadata.heal();
      below.reopenReadWrite();
    }
  }

  private Throwable failureOf(CompletableFuture<Void> future) {
    CompletableFuture<Throwable> failure = future.handle((done, trouble) -> trouble);
    runtime.await(failure);
    return failure.join();
  }

  private boolean promisesZeroes(int regionSize, int size) throws IOException {
    try (CloneDevice device = open(regionSize, size, false)) {
      return device.discardSupport().readsZeroes();
    }
  }

  private void checkDiscardsOfWholeUnits(int regionSize, int size, boolean option)
      throws IOException {
    DiscardSupport support;
    try (CloneDevice device = open(regionSize, size, option)) {
      support = device.discardSupport();
    }
    assertThat(support.readsZeroes() || !option).isTrue();
    int unit = (int) support.granularity();
    for (int from = 0; from < size; from += unit) {
      for (int end = Math.min(from + unit, size); end < size; end += unit) {
        checkDiscard(regionSize, size, option, from, end);
      }
      checkDiscard(regionSize, size, option, from, size);
    }
  }

  private void checkDiscard(int regionSize, int size, boolean option, int from, int end)
      throws IOException {
    try (CloneDevice device = open(regionSize, size, option)) {
      byte[] expected = filled(size, SOURCE);
      runtime.await(device.write(regionSize, ByteBuffer.wrap(filled(512, WRITTEN))));
      Arrays.fill(expected, regionSize, regionSize + 512, WRITTEN);

      runtime.await(device.discard(from, end - from));

      ByteBuffer read = ByteBuffer.allocate(size);
      runtime.await(device.read(0, read));
      if (device.discardSupport().readsZeroes()) {
        Arrays.fill(expected, from, end, (byte) 0);
      } else {
        System.arraycopy(read.array(), from, expected, from, end - from);
      }
      assertThat(read.array())
          .as(
              "bytes %d to %d of %d, regions of %d, with the option: %s",
              from, end, size, regionSize, option)
          .isEqualTo(expected);
    }
  }

  private CloneDevice open(int regionSize, int size, boolean option) throws IOException {
    BlockStore bottom = new MemoryBlockStore(SIZE_BELOW);
    CloneDevice below = open(filled(SIZE_BELOW, BELOW), bottom, REGION_BELOW, false);
    return open(filled(size, SOURCE), below.blocking(), regionSize, option);
  }

  private CloneDevice open(byte[] content, BlockStore destination, int regionSize, boolean option)
      throws IOException {
    return open(content, destination, metadataFor(content.length), regionSize, option);
  }

  private static BlockStore metadataFor(int size) {
    return new MemoryBlockStore(MetadataSize.forRegions(size / 4096 + 1));
  }

  private CloneDevice open(
      byte[] content, BlockStore destination, BlockStore metadata, int regionSize, boolean option)
      throws IOException {
    return CloneDevice.builder()
        .source(MemoryBlockStore.copyOf(content))
        .destination(destination)
        .metadata(metadata)
        .regionSize(regionSize)
        .discardedReadsZeroes(option)
        .hydration(Hydration.disabled())
        .runtime(runtime.runtime())
        .open();
  }
}
