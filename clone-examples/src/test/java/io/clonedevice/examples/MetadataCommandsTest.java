package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MetadataCommandsTest {
  private static final int REGION_SIZE = 4096;
  private static final int SIZE = 100 * REGION_SIZE;
  private static final String BLOCKS = "\"used_blocks\":6,\"total_blocks\":";

  @TempDir private Path temporary;
  private CloneDirectory clone;

  @BeforeEach
  void makeSource() throws IOException {
    clone = new CloneDirectory(temporary).withSource(SIZE);
  }

  @Test
  void dumpPrintsTheRangesAsJson() throws IOException {
    cloneWithRegions(0, 1, 2, 63, 64, 99);

    Tool dump = Tool.run("dump", "--json", "--metadata", clone.metadata());

    assertThat(dump.status()).isZero();
    assertThat(dump.out())
        .isEqualToIgnoringNewLines(
            "{\"region_size_sectors\":8,\"device_sectors\":800,\"regions\":100,"
                + "\"hydrated\":6,\"ranges\":[[0,3],[63,2],[99,1]],"
                + BLOCKS
                + totalBlocks()
                + "}");
  }

  @Test
  void dumpOfANewCloneHasNoRanges() throws IOException {
    cloneWithRegions();

    assertThat(Tool.run("dump", "--json", "--metadata", clone.metadata()).out())
        .contains("\"hydrated\":0,\"ranges\":[],");
  }

  @Test
  void dumpPrintsTheRangesForPeople() throws IOException {
    cloneWithRegions(4, 5, 9);

    assertThat(Tool.run("dump", "--metadata", clone.metadata()).out().lines())
        .contains("4 2", "9 1")
        .first()
        .asString()
        .startsWith("region size 8 sectors, device 800 sectors, 100 regions, 3 hydrated, 6 of ");
  }

  @Test
  void statusPrintsATable() throws IOException {
    cloneWithRegions(4, 5, 9);

    assertThat(Tool.run("status", "--metadata", clone.metadata()).out().lines())
        .containsExactly(
            "metadata      " + clone.metadata(),
            "device        400.0 KiB (409600 bytes)",
            "regions       100 of 4.0 KiB",
            "hydrated      3 regions, 3.0 %",
            "metadata used 6 of " + totalBlocks() + " blocks");
  }

  @Test
  void statusPrintsJson() throws IOException {
    clone.run("--region-size=4K", "--quiet");

    assertThat(Tool.run("status", "--json", "--metadata", clone.metadata()).out())
        .isEqualToIgnoringNewLines(
            "{\"region_size_sectors\":8,\"device_sectors\":800,\"regions\":100,"
                + "\"hydrated\":100,\"complete\":true,"
                + BLOCKS
                + totalBlocks()
                + "}");
  }

  @Test
  void statusOfACloneAtWorkTellsItsLastCommit() throws IOException {
    try (CloneDevice device = open()) {
      writeRegion(device, 7);
      device.flush().join();

      assertThat(Tool.run("status", "--json", "--metadata", clone.metadata()).out())
          .contains("\"hydrated\":1,");
    }
  }

  @Test
  void checkOfSoundMetadataSaysOk() throws IOException {
    cloneWithRegions(1);

    Tool check = Tool.run("check", "--metadata", clone.metadata());

    assertThat(check.status()).isZero();
    assertThat(check.out())
        .isEqualToIgnoringNewLines(
            "OK: 1 of 100 regions hydrated, 6 of " + totalBlocks() + " blocks used");
  }

  @Test
  void checkOfDamagedMetadataPrintsTheFaultAndExitsWith1() throws IOException {
    cloneWithRegions(1);
    byte[] bytes = Files.readAllBytes(clone.metadata());
    bytes[200] ^= 1;
    Files.write(clone.metadata(), bytes);

    Tool check = Tool.run("check", "--metadata", clone.metadata());

    assertThat(check.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(check.out()).startsWith("Superblock check failed: checksum").hasLineCount(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "dump", "check"})
  void missingMetadataIsOneLine(String command) {
    Tool run = Tool.run(command, "--metadata", clone.metadata());

    assertThat(run.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(run.err())
        .isEqualToIgnoringNewLines("clone: " + clone.metadata() + ": no such file");
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "dump", "check"})
  void aDirectoryIsNoMetadata(String command) {
    Tool run = Tool.run(command, "--metadata", clone.path());

    assertThat(run.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(run.err()).contains("is a directory; the metadata must be").hasLineCount(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "dump"})
  void foreignMetadataIsRefused(String command) {
    Tool run = Tool.run(command, "--metadata", clone.source());

    assertThat(run.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(run.err()).startsWith("clone: Superblock check failed").hasLineCount(1);
  }

  private void cloneWithRegions(int... regions) throws IOException {
    try (CloneDevice device = open()) {
      for (int region : regions) {
        writeRegion(device, region);
      }
    }
  }

  private CloneDevice open() throws IOException {
    return CloneDevice.builder()
        .source(FileChannelBlockStore.openReadOnly(clone.source()))
        .destination(FileChannelBlockStore.create(clone.destination(), SIZE))
        .metadata(FileChannelBlockStore.create(clone.metadata(), MetadataSize.forRegions(100)))
        .regionSize(REGION_SIZE)
        .hydration(Hydration.disabled())
        .open();
  }

  private static void writeRegion(CloneDevice device, int region) {
    device.write((long) region * REGION_SIZE, ByteBuffer.allocateDirect(REGION_SIZE)).join();
  }

  private static long totalBlocks() {
    return MetadataSize.forRegions(100) / 4096;
  }
}
