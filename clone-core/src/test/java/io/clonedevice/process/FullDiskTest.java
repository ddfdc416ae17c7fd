package io.clonedevice.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneDeviceBuilder;
import io.clonedevice.EventLog;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataModeException;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.tool.MetadataCheck;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A disk that is really full: what was acknowledged stays, and the clone goes on once it can. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FullDiskTest {
  private static final int REGION = 16 << 10;
  private static final int REGIONS = 512;
  private static final int SIZE = REGIONS * REGION;

  @TempDir private Path directory;
  private final byte[] expected = new byte[SIZE];
  private final EventLog log = new EventLog();
  private SmallFileSystem small;

  @BeforeEach
  void makeSourceAndSmallDisk() throws Exception {
    small = SmallFileSystem.in(directory);
    new Random(1).nextBytes(expected);
    Files.write(directory.resolve("source"), expected);
  }

  @AfterEach
  void unmount() throws Exception {
    if (small != null) {
      small.unmount();
    }
  }

  /** Both files on one file system, so that the kernel copies, and knows only that it failed. */
  @Test
  @Tag("B17")
  void fullDestinationOfACopyIsBlamedAndNotTheSource() throws Exception {
    Path source = small.resolve("source");
    Files.write(source, Arrays.copyOf(expected, 4 * REGION));
    FileChannelBlockStore.create(small.resolve("destination"), 4 * REGION).close();
    try (BlockStore from = FileChannelBlockStore.openReadOnly(source);
        BlockStore to = FileChannelBlockStore.open(small.resolve("destination"))) {
      small.fillUpTo(0);
      assertThatThrownBy(() -> from.copyTo(0, to, 0, 4 * REGION))
          .isInstanceOfSatisfying(
              BlockIoException.class, e -> assertThat(e.store()).isEqualTo(to.name()))
          .hasMessageContaining("No space left");
    }
  }

  private CloneDeviceBuilder builder(StoreKind kind, Path destination, Path metadata)
      throws IOException {
    FileChannelBlockStore.create(destination, SIZE).close();
    FileChannelBlockStore.create(metadata, MetadataSize.forRegions(REGIONS)).close();
    return CloneDevice.builder()
        .source(kind.openReadOnly(directory.resolve("source")))
        .destination(kind.open(destination))
        .metadata(kind.open(metadata))
        .regionSize(REGION)
        .hydration(Hydration.disabled().failuresInRowMax(6).retryDelay(1, 4))
        .discardedReadsZeroes(true)
        .listener(log);
  }

  private void write(CloneDevice device, int region, int value) throws IOException {
    byte[] data = new byte[REGION];
    Arrays.fill(data, (byte) value);
    device.blocking().write((long) region * REGION, ByteBuffer.wrap(data));
    System.arraycopy(data, 0, expected, region * REGION, REGION);
  }

  private void assertReadsAsExpected(CloneDevice device) throws IOException {
    byte[] found = new byte[SIZE];
    device.blocking().read(0, ByteBuffer.wrap(found));
    assertThat(Arrays.mismatch(found, expected)).as("first byte that differs").isEqualTo(-1);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("A9")
  @Tag("A38")
  @Tag("B17")
  void fullDestinationStopsHydrationAndKeepsAllThatWasWritten(StoreKind kind) throws Exception {
    Path destination = small.resolve("destination");
    Path metadata = directory.resolve("metadata");
    try (CloneDevice device = builder(kind, destination, metadata).open()) {
      small.fillUpTo(2 << 20);
      int written = writeUntilFull(device, destination);
      assertThat(written).isBetween(32, 128);
      assertReadsAsExpected(device);
      device.flush().get();
      assertThat(device.status().hydratedRegions()).isEqualTo(written);
      assertThat(device.status().mode()).isEqualTo(MetadataMode.READ_WRITE);
      write(device, 0, 101);

      device.enableHydration();
      assertThatThrownBy(() -> device.hydrated().get()).isInstanceOf(ExecutionException.class);
      log.await("stopped");
      assertThat(log.events()).containsExactly("failing", "stopped");
      assertThat(log.lastCause()).hasMessageContaining(destination.toString());
      assertThat(device.status().hydrationEnabled()).isFalse();
      assertReadsAsExpected(device);
      device.flush().get();

      if (device.discardSupport().supported()) {
        device.suspend(); // what is being copied still ends first: it would take the room
        device.resume();
        int start = SIZE / 2 + REGION;
        device.discard(start, 8 * REGION).get();
        Arrays.fill(expected, start, start + 8 * REGION, (byte) 0);
        write(device, REGIONS - 1, 102);
      }
      small.makeRoom();
      device.enableHydration();
      device.hydrated().get();
      assertReadsAsExpected(device);
    }
    assertThat(Files.mismatch(destination, Files.write(directory.resolve("all"), expected)))
        .isEqualTo(-1);
  }

  /** Writes regions from the second half on; returns how many were acknowledged. */
  private int writeUntilFull(CloneDevice device, Path destination) throws Exception {
    for (int written = 0; written < REGIONS / 2; written++) {
      int region = written == 0 ? 0 : REGIONS / 2 + written;
      try {
        write(device, region, written);
      } catch (BlockIoException e) {
        assertThat(e)
            .hasMessageContainingAll(destination.toString(), Long.toString((long) region * REGION));
        assertThatThrownBy(() -> write(device, region, 1)).isInstanceOf(BlockIoException.class);
        return written;
      }
    }
    throw new AssertionError("the disk does not become full");
  }

  @ParameterizedTest
  @EnumSource
  @Tag("A23")
  @Tag("A41")
  @Tag("A43")
  @Tag("A44")
  @Tag("B21")
  void fullMetadataDiskTurnsTheCloneReadOnlyUntilThereIsRoom(StoreKind kind) throws Exception {
    Path destination = directory.resolve("destination");
    Path metadata = small.resolve("metadata");
    try (CloneDevice device = builder(kind, destination, metadata).open()) {
      write(device, 7, 1);
      device.flush().get();
      small.fillUpTo(0);
      int written = commitUntilFull(device);
      log.await("ro");
      assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_ONLY);
      assertReadsAsExpected(device);
      write(device, 7, 2);
      assertThatThrownBy(() -> write(device, 3, 1)).isInstanceOf(MetadataModeException.class);
      assertThatThrownBy(() -> device.flush().get()).isInstanceOf(ExecutionException.class);
      assertThatThrownBy(device::reopenReadWrite).isInstanceOf(IOException.class);
      assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_ONLY);
      assertHydratedOnDisk(metadata, written);
      assertReadsAsExpected(device);

      small.makeRoom();
      device.reopenReadWrite();
      assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_WRITE);
      assertHydratedOnDisk(metadata, written + 1);
      device.enableHydration();
      device.hydrated().get();
      assertReadsAsExpected(device);
    }
    assertHydratedOnDisk(metadata, REGIONS);
    assertThat(Files.mismatch(destination, Files.write(directory.resolve("all"), expected)))
        .isEqualTo(-1);
  }

  /** Writes and flushes until a flush fails; returns how many regions were durable by then. */
  private int commitUntilFull(CloneDevice device) throws IOException {
    for (int written = 1; written < REGIONS / 2; written++) {
      write(device, REGIONS / 2 + written, written);
      try {
        device.blocking().flush();
      } catch (IOException e) {
        return written;
      }
    }
    throw new AssertionError("commits need no room");
  }

  private static void assertHydratedOnDisk(Path metadata, int regions) throws IOException {
    try (BlockStore store = FileChannelBlockStore.openReadOnly(metadata)) {
      MetadataCheck check = MetadataCheck.of(new BlockStoreMetadataDevice(store));
      assertThat(check.faults()).isEmpty();
      assertThat(check.summary().hydrated()).isEqualTo(regions);
    }
  }
}
