package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bad input ends with one clear line and leaves every file as it was. */
class BadInputTest {
  private static final int SIZE = 1 << 20;

  @TempDir private Path temporary;
  private CloneDirectory clone;

  @BeforeEach
  void makeSource() throws IOException {
    clone = new CloneDirectory(temporary).withSource(SIZE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --region-size=5000             | Region size is not a power of 2: 5000 bytes
          --region-size=2048             | Invalid region size: 2048 bytes
          --region-size=2G               | Invalid region size: 2147483648 bytes
          --region-size=0                | Invalid region size: 0 bytes
          --region-size=-4096            | '-4096' is no number of bytes
          --region-size=4X               | '4X' is no number of bytes
          --region-size=9999999999T      | '9999999999T' is too large
          --hydration-threshold=-1       | -1 is no number of regions from 0 to 4294967295
          --hydration-batch-size=4294967296 | 4294967296 is no number of regions from 0 to 4294967295
          --hydration-threshold=many     | 'many' is not a long
          --store=tape                   | was 'tape'
          --speed=9                      | Unknown option: '--speed=9'
          """)
  void misuseOfAnOption(String option, String message) throws IOException {
    refused(CloneTool.MISUSE, message, option);
  }

  @Test
  void missingOptions() {
    Tool run = Tool.run("run", "--source", clone.source());

    assertThat(run.status()).isEqualTo(CloneTool.MISUSE);
    assertThat(run.err())
        .isEqualToIgnoringNewLines(
            "clone: Missing required options: '--destination=D', '--metadata=M'; see clone run"
                + " --help");
  }

  @Test
  void unknownCommand() {
    Tool run = Tool.run("sync");

    assertThat(run.status()).isEqualTo(CloneTool.MISUSE);
    assertThat(run.err())
        .startsWith("clone: Unmatched argument at index 0: 'sync'")
        .hasLineCount(1);
  }

  @Test
  void noCommand() {
    Tool run = Tool.run();

    assertThat(run.status()).isEqualTo(CloneTool.MISUSE);
    assertThat(run.err()).startsWith("Usage: clone").contains("run", "status", "dump", "check");
  }

  @Test
  void debugAddsTheStackTrace() throws IOException {
    Tool run = clone.run("--region-size=5000", "--debug");

    assertThat(run.err()).startsWith("clone: Region size").contains("\tat io.clonedevice");
  }

  @Test
  void tooManyRegions() throws IOException {
    try {
      CloneDirectory.writeSparse(clone.source(), (8L << 40) + 4096);
    } catch (IOException e) {
      assumeTrue(false, "the file system refuses a sparse file of 8 TiB: " + e.getMessage());
    }
    refused(
        CloneTool.MISUSE,
        "Too many regions. Consider increasing the region size",
        "--region-size=4K");
  }

  @Test
  void destinationTooSmall() throws IOException {
    CloneDirectory.write(clone.destination(), SIZE / 2);
    refused(CloneTool.MISUSE, "Device size larger than destination device");
  }

  @Test
  void sourceSmallerThanTheClone() throws IOException {
    clone.run("--no-hydration");
    CloneDirectory.write(clone.source(), SIZE / 2);
    refused(CloneTool.MISUSE, "Device size larger than source device");
  }

  @Test
  void emptySource() throws IOException {
    Files.write(clone.source(), new byte[0]);
    refused(CloneTool.MISUSE, "Invalid device size: 0 bytes");
  }

  @Test
  void metadataTooSmall() throws IOException {
    CloneDirectory.writeSparse(clone.metadata(), 5 * 4096);
    refused(CloneTool.MISUSE, "Metadata device too small: 20480 bytes, 16 regions need 40960");
  }

  @Test
  void foreignMetadata() throws IOException {
    CloneDirectory.write(clone.destination(), SIZE);
    CloneDirectory.write(clone.metadata(), SIZE);
    refused(CloneTool.TROUBLE, "Superblock check failed");
  }

  @Test
  void damagedMetadata() throws IOException {
    clone.run("--no-hydration");
    byte[] bytes = Files.readAllBytes(clone.metadata());
    bytes[100] ^= 1;
    Files.write(clone.metadata(), bytes);
    refused(CloneTool.TROUBLE, "Superblock check failed: checksum");
  }

  @Test
  void metadataOfAnotherRegionSize() throws IOException {
    clone.run("--no-hydration", "--region-size=64K");
    refused(
        CloneTool.MISUSE,
        "Region and/or target size don't match the ones in metadata",
        "--region-size=128K");
  }

  @Test
  void metadataWithoutItsDestination() throws IOException {
    clone.run();
    Files.delete(clone.destination());
    refused(CloneTool.TROUBLE, "says that 16 of its 16 regions are hydrated; bring it back");
  }

  @Test
  void metadataInUse() throws IOException {
    clone.run("--no-hydration");
    try (BlockStore inUse = FileChannelBlockStore.open(clone.metadata())) {
      assertThat(inUse.tryLock()).isTrue();
      refused(CloneTool.TROUBLE, "is in use by another clone device");
    }
  }

  @Test
  void sourceIsDestination() throws IOException {
    Files.createSymbolicLink(clone.destination(), clone.source());
    refused(CloneTool.MISUSE, "source and destination are the same file");
  }

  @Test
  void destinationIsMetadata() throws IOException {
    Map<String, String> before = clone.contents();

    Tool run =
        Tool.run(
            "run",
            "--source",
            clone.source(),
            "--destination",
            clone.path().resolve("both"),
            "--metadata",
            clone.path().resolve(".").resolve("both"));

    assertThat(run.status()).isEqualTo(CloneTool.MISUSE);
    assertThat(run.err()).contains("destination and metadata are the same file");
    assertThat(clone.contents()).isEqualTo(before);
  }

  @Test
  void missingSource() throws IOException {
    Files.delete(clone.source());
    refused(CloneTool.TROUBLE, clone.source() + ": no such file");
  }

  @Test
  void directoryForTheSource() throws IOException {
    Files.delete(clone.source());
    Files.createDirectory(clone.source());
    refused(CloneTool.TROUBLE, "is a directory; the source must be a file or a block device");
  }

  @Test
  void directoryForTheDestination() throws IOException {
    Files.createDirectory(clone.destination());
    refused(CloneTool.TROUBLE, "is a directory; the destination must be a file or a block device");
  }

  @Test
  void directoryForTheMetadata() throws IOException {
    Files.createDirectory(clone.metadata());
    refused(CloneTool.TROUBLE, "is a directory; the metadata must be a file or a block device");
  }

  @Test
  void missingDirectory() throws IOException {
    Map<String, String> before = clone.contents();

    Tool run =
        Tool.run(
            "run",
            "--source",
            clone.source(),
            "--destination",
            clone.destination(),
            "--metadata",
            clone.path().resolve("nowhere").resolve("metadata"));

    assertThat(run.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(run.err()).contains("nowhere does not exist; make it first");
    assertThat(clone.contents()).isEqualTo(before);
  }

  @Test
  void noPermissionToReadTheSource() throws Exception {
    refusedWithoutPermission(clone.source(), "---------");
  }

  @Test
  void destinationThatIsReadOnly() throws Exception {
    CloneDirectory.write(clone.destination(), SIZE);
    refusedWithoutPermission(clone.destination(), "r--r--r--");
  }

  @Test
  void metadataThatIsReadOnly() throws Exception {
    clone.run("--no-hydration");
    refusedWithoutPermission(clone.metadata(), "r--r--r--");
  }

  /** Root may do everything; a child without the capability to override permissions may not. */
  private void refusedWithoutPermission(Path file, String permissions) throws Exception {
    Map<String, String> before = clone.contents();
    List<String> command = new ArrayList<>();
    if ("root".equals(System.getProperty("user.name"))) {
      assumeTrue(Programs.find("setpriv").isPresent(), "root needs setpriv to drop its powers");
      command.addAll(List.of("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"));
    }
    command.addAll(Tool.command(clone.arguments("--quiet")));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));

    Tool run = Tool.await(new ProcessBuilder(command).start());

    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    assertThat(run)
        .isEqualTo(
            new Tool(
                CloneTool.TROUBLE,
                "",
                "clone: " + file + ": permission denied" + System.lineSeparator()));
    assertThat(clone.contents()).isEqualTo(before);
  }

  private void refused(int status, String message, Object... options) throws IOException {
    Map<String, String> before = clone.contents();

    Tool run = clone.run(options);

    assertThat(run.err()).startsWith("clone: ").contains(message).hasLineCount(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(status);
    assertThat(clone.contents()).isEqualTo(before);
  }
}
