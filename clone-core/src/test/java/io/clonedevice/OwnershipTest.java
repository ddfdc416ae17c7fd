package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CloneFixture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A metadata device and a destination have one owner at a time. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class OwnershipTest {
  private static final int REGION = 4096;

  @TempDir private Path directory;

  @Test
  @Tag("B14")
  void aSecondDeviceOnTheSameFilesIsRefusedInThisProcess() throws Exception {
    FileMedia files = new FileMedia(directory, 16 * REGION, REGION);
    files.format();
    byte[] before = Files.readAllBytes(files.metadata);
    Path link = Files.createLink(directory.resolve("link"), files.metadata);
    Path otherDestination = Files.copy(files.destination, directory.resolve("other"));
    Path otherMetadata = Files.write(directory.resolve("fresh"), new byte[1 << 20]);
    try (CloneDevice first = files.builder().open()) {
      assertThatThrownBy(() -> files.builder().open()).hasMessageContaining("in use by another");
      assertThatThrownBy(() -> files.builder(files.source, otherDestination, link).open())
          .isInstanceOf(IOException.class)
          .hasMessageContainingAll("metadata device", link.toString(), "close that one first");
      assertThatThrownBy(() -> files.builder(files.source, files.destination, otherMetadata).open())
          .isInstanceOf(IOException.class)
          .hasMessageContainingAll("destination device", files.destination.toString());
      // The first owner has not noticed anything, and is the owner still.
      first.blocking().write(3 * REGION, ByteBuffer.allocate(REGION));
      first.blocking().flush();
      assertThatThrownBy(() -> files.builder().open()).hasMessageContaining("in use by another");
      assertThat(first.status().mode()).isEqualTo(MetadataMode.READ_WRITE);
    }
    assertThat(Files.readAllBytes(otherMetadata)).isEqualTo(new byte[1 << 20]);
    assertThat(Files.readAllBytes(files.metadata)).isNotEqualTo(before);
    try (CloneDevice next = files.builder().open()) {
      assertThat(next.status().hydratedRegions()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @Tag("B14")
  @ValueSource(booleans = {true, false})
  void aStoreThatIsAnOpenDevicesAlreadyIsRefusedAndStaysOpen(boolean metadata) throws Exception {
    MemoryBlockStore shared = new MemoryBlockStore(1 << 20);
    Leaks leaks = new Leaks(null);
    try (CloneDevice first = open(metadata, shared)) {
      assertThatThrownBy(() -> open(metadata, shared))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("in use by another clone device");
      first.blocking().write(0, ByteBuffer.allocate(REGION));
      first.blocking().flush();
      assertThat(first.status().mode()).isEqualTo(MetadataMode.READ_WRITE);
    }
    leaks.assertNone();
  }

  private static CloneDevice open(boolean metadata, MemoryBlockStore shared) throws IOException {
    MemoryBlockStore own = new MemoryBlockStore(1 << 20);
    return CloneDevice.builder()
        .source(new MemoryBlockStore(1 << 20))
        .destination(metadata ? own : shared)
        .metadata(metadata ? shared : own)
        .regionSize(REGION)
        .hydration(Hydration.disabled())
        .open();
  }

  @Test
  @Tag("B14")
  void aDeviceInAnotherProcessIsRefused() throws Exception {
    FileMedia files = new FileMedia(directory, 16 * REGION, REGION);
    files.format();
    try (CloneDevice device = files.builder().open()) {
      device.blocking().write(5 * REGION, ByteBuffer.allocate(REGION));
      String said = tryInAnotherProcess(files);
      assertThat(said).contains("REFUSED").contains("in use by another clone device");
      device.blocking().flush();
      assertThat(device.status().mode()).isEqualTo(MetadataMode.READ_WRITE);
    }
    // The attempt of the other process has changed nothing, and is possible now.
    assertThat(tryInAnotherProcess(files)).contains("OPENED with 2 hydrated regions");
  }

  private static String tryInAnotherProcess(FileMedia files) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                SecondProcess.class.getName(),
                files.source.toString(),
                files.destination.toString(),
                files.metadata.toString())
            .redirectErrorStream(true)
            .start();
    try {
      assertTrue(process.waitFor(30, TimeUnit.SECONDS), "the other process hangs");
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } finally {
      process.destroyForcibly();
    }
  }

  /** What the other process runs. */
  static final class SecondProcess {
    private SecondProcess() {}

    public static void main(String[] args) throws Exception {
      try (CloneDevice device =
          CloneDevice.builder()
              .source(FileChannelBlockStore.openReadOnly(Path.of(args[0])))
              .destination(FileChannelBlockStore.open(Path.of(args[1])))
              .metadata(FileChannelBlockStore.open(Path.of(args[2])))
              .regionSize(REGION)
              .hydration(Hydration.disabled())
              .open()) {
        System.out.println(
            "OPENED with " + device.status().hydratedRegions() + " hydrated regions");
      } catch (IOException e) {
        System.out.println("REFUSED: " + e.getMessage());
      }
    }
  }

  @Test
  @Tag("B14")
  void aCommitThatFindsASuperblockOfSomebodyElseFailsAndLeavesItAlone() throws Exception {
    CloneFixture media =
        CloneFixture.builder().randomSource(16 * REGION, 1).regionSize(REGION).build();
    EventLog log = new EventLog();
    try (CloneDevice device = media.deviceBuilder().listener(log).open()) {
      byte[] before = media.metadata().bytes().contents();
      device.blocking().write(0, ByteBuffer.allocate(REGION));
      device.blocking().flush();
      // Somebody who opened the metadata before that commit writes what he knows.
      media.metadata().bytes().write(0, ByteBuffer.wrap(before));
      device.blocking().write(REGION, ByteBuffer.allocate(REGION));
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
      assertThat(device.statusNoFlush().mode()).isNotEqualTo(MetadataMode.READ_WRITE);
      assertThat(Arrays.copyOf(media.metadata().bytes().contents(), 4096))
          .isEqualTo(Arrays.copyOf(before, 4096));
      assertThatThrownBy(device::close).isInstanceOf(IOException.class);
    }
  }
}
