package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.RawDeviceBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunCommandTest {
  private static final int REGION_SIZE = 64 << 10;
  private static final int SIZE = 20 * REGION_SIZE + 512;

  @TempDir private Path temporary;
  private CloneDirectory clone;

  @BeforeEach
  void makeSource() throws IOException {
    clone = new CloneDirectory(temporary).withSource(SIZE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", "mmap", "MMAP"})
  void makesTheMissingFilesAndCopiesEverything(String store) {
    Tool run = clone.run("--store", store);

    assertThat(run.status()).as(run.err()).isEqualTo(CloneTool.DONE);
    assertThat(clone.destination()).hasSameBinaryContentAs(clone.source());
    assertThat(run.out())
        .isEqualToIgnoringNewLines(
            "done: 21 of 21 regions hydrated, the source is no longer needed");
  }

  @Test
  void copiesPastThePageCache() throws IOException {
    try {
      RawDeviceBlockStore.openReadOnly(clone.source()).close();
    } catch (IOException e) {
      assumeTrue(false, "no direct I/O here: " + e.getMessage());
    }
    CloneDirectory.write(clone.source(), 20 * REGION_SIZE);

    Tool run = clone.run("--store", "raw");

    assertThat(run.status()).as(run.err()).isEqualTo(CloneTool.DONE);
    assertThat(clone.destination()).hasSameBinaryContentAs(clone.source());
  }

  @Test
  void showsEachPhaseWhereThereIsNoTerminal() throws Exception {
    Tool run = Tool.runInChild(clone.arguments());

    assertThat(run.status()).as(run.err()).isEqualTo(CloneTool.DONE);
    assertThat(run.err()).startsWith("hydrating: ").contains("done: 1.3 MiB of 1.3 MiB, 100.0 %");
  }

  @Test
  void warnsWhenADestinationIsThereButItsMetadataIsNot() throws IOException {
    clone.run();
    Files.delete(clone.metadata());

    Tool run = clone.run();

    assertThat(run.status()).isEqualTo(CloneTool.DONE);
    assertThat(run.err()).contains("warning: metadata ").contains("will be overwritten");
  }

  @Test
  void quietPrintsNothing() throws Exception {
    assertThat(Tool.runInChild(clone.arguments("--quiet"))).isEqualTo(new Tool(0, "", ""));
  }

  @Test
  void goesOnWithTheRegionSizeOfTheMetadata() {
    assertThat(clone.run("--no-hydration", "--region-size", "4K").status()).isZero();

    Tool run = clone.run();

    assertThat(run.out()).startsWith("done: 321 of 321 regions");
    assertThat(clone.destination()).hasSameBinaryContentAs(clone.source());
  }

  @ParameterizedTest
  @ValueSource(strings = {"--no-hydration", "--hydration-threshold=0"})
  void makesTheCloneAndCopiesNothingWhenHydrationIsOff(String option) throws IOException {
    Tool run = clone.run(option);

    assertThat(run.status()).isEqualTo(CloneTool.DONE);
    assertThat(run.out())
        .isEqualToIgnoringNewLines(
            "not done: 0 of 21 regions hydrated, nothing was copied in this run");
    assertThat(Files.readAllBytes(clone.destination())).hasSize(SIZE).containsOnly(0);
  }

  @Test
  void keepsWhatWasWrittenToTheCloneBefore() throws IOException {
    byte[] written = new byte[4096];
    Arrays.fill(written, (byte) 'W');
    try (CloneDevice device =
        CloneDevice.builder()
            .source(FileChannelBlockStore.openReadOnly(clone.source()))
            .destination(FileChannelBlockStore.create(clone.destination(), SIZE))
            .metadata(FileChannelBlockStore.create(clone.metadata(), MetadataSize.forRegions(21)))
            .regionSize(REGION_SIZE)
            .hydration(Hydration.disabled())
            .open()) {
      device.write(8192, ByteBuffer.allocateDirect(4096).put(written).flip()).join();
    }
    byte[] expected = Files.readAllBytes(clone.source());
    System.arraycopy(written, 0, expected, 8192, 4096);

    assertThat(clone.run().status()).isZero();

    assertThat(clone.destination()).hasBinaryContent(expected);
  }

  @Test
  void aFinishedCloneIsLeftAsItIs() throws IOException {
    clone.run();
    Map<String, String> before = clone.contents();

    Tool again = clone.run();

    assertThat(again.status()).isZero();
    assertThat(again.out()).startsWith("done: 21 of 21 regions");
    assertThat(clone.contents()).isEqualTo(before);
  }

  @Test
  void aSourceThatHasGrownKeepsTheSizeOfTheClone() throws IOException {
    clone.run("--no-hydration");
    byte[] begun = Files.readAllBytes(clone.source());
    Files.write(clone.source(), Arrays.copyOf(begun, 2 * SIZE));

    assertThat(clone.run().status()).isZero();

    assertThat(clone.destination()).hasBinaryContent(begun);
  }

  @Test
  void aDestinationThatIsLargerKeepsItsSize() throws IOException {
    CloneDirectory.writeSparse(clone.destination(), 2 * SIZE);

    assertThat(clone.run().status()).isZero();

    byte[] copy = Files.readAllBytes(clone.destination());
    assertThat(copy).hasSize(2 * SIZE).startsWith(Files.readAllBytes(clone.source()));
  }

  @Test
  void metadataOfZeroesIsFormatted() throws IOException {
    CloneDirectory.writeSparse(clone.metadata(), MetadataSize.forRegions(21));

    assertThat(clone.run().status()).isZero();

    assertThat(clone.destination()).hasSameBinaryContentAs(clone.source());
  }
}
