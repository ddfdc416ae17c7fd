package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code repair} and {@code restore} from the command line. */
class RepairCommandTest {
  private static final int REGION_SIZE = 4096;
  private static final int REGIONS = 100;
  private static final int SIZE = REGIONS * REGION_SIZE;
  private static final String DUMP =
      "{\"region_size_sectors\":8,\"device_sectors\":800,\"ranges\":[[0,3],[63,2]]}";

  @TempDir private Path temporary;
  private CloneDirectory clone;
  private Path output;

  @BeforeEach
  void makeClone() throws IOException {
    clone = new CloneDirectory(temporary).withSource(SIZE);
    output = temporary.resolve("repaired");
    try (CloneDevice device =
        CloneDevice.builder()
            .source(FileChannelBlockStore.openReadOnly(clone.source()))
            .destination(FileChannelBlockStore.create(clone.destination(), SIZE))
            .metadata(
                FileChannelBlockStore.create(clone.metadata(), MetadataSize.forRegions(REGIONS)))
            .regionSize(REGION_SIZE)
            .hydration(Hydration.disabled())
            .open()) {
      device.write(7 * REGION_SIZE, ByteBuffer.allocateDirect(2 * REGION_SIZE)).join();
    }
  }

  /** Spoils the block that a pointer in the superblock leads to. */
  private void spoil(int pointer) throws IOException {
    byte[] bytes = Files.readAllBytes(clone.metadata());
    ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    bytes[(int) view.getLong(pointer) * 4096 + 100] ^= 1;
    Files.write(clone.metadata(), bytes);
  }

  private void spoilIndex() throws IOException {
    spoil(60);
  }

  private void spoilTree() throws IOException {
    spoil(188);
  }

  private void spoilSuperblock() throws IOException {
    byte[] bytes = Files.readAllBytes(clone.metadata());
    bytes[180] ^= 1;
    Files.write(clone.metadata(), bytes);
  }

  private Tool repair(Object... options) {
    Object[] arguments = new Object[options.length + 3];
    arguments[0] = "repair";
    arguments[1] = "--metadata";
    arguments[2] = clone.metadata();
    System.arraycopy(options, 0, arguments, 3, options.length);
    return Tool.run(arguments);
  }

  private static String dump(Path metadata) {
    return Tool.run("dump", "--json", "--metadata", metadata).out();
  }

  @Test
  void repairThatLosesNothingExitsWith0AndLeavesTheDamagedFile() throws IOException {
    String before = dump(clone.metadata());
    spoilIndex();
    byte[] damaged = Files.readAllBytes(clone.metadata());

    Tool repair = repair("--output", output);

    assertThat(repair.err()).isEmpty();
    assertThat(repair.out().lines())
        .contains(
            "kept: 2 of 100 regions are hydrated",
            "note: the state of 100 regions rests on checksums alone, as their blocks' counts are"
                + " damaged; if the device has lost writes as well, it may not be the last one",
            "lost: nothing",
            "repaired: " + output + " is sound")
        .first()
        .asString()
        .startsWith("Index block check failed: checksum");
    assertThat(repair.status()).isZero();
    assertThat(dump(output)).isEqualTo(before);
    assertThat(Files.readAllBytes(clone.metadata())).isEqualTo(damaged);
  }

  @Test
  void repairThatLosesRegionsSaysWhichAndExitsWith1() throws IOException {
    spoilTree();

    Tool repair = repair("--in-place");

    assertThat(repair.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(repair.out())
        .contains("lost: the state of 100 regions, which become unhydrated")
        .contains("what was written to them on the destination will be overwritten")
        .containsPattern("(?m)^0 100$");
    assertThat(Tool.run("check", "--metadata", clone.metadata()).out())
        .startsWith("OK: 0 of 100 regions hydrated");
  }

  @Test
  void soundMetadataIsNotRepaired() throws IOException {
    Tool repair = repair("--output", output);

    assertThat(repair.status()).isZero();
    assertThat(repair.out())
        .isEqualToIgnoringNewLines("OK: there is nothing to repair; nothing was written");
    assertThat(output).doesNotExist();
  }

  @Test
  void superblockThatIsNotUsableIsNotRepairedUnlessAskedToStartOver() throws IOException {
    spoilSuperblock();

    Tool repair = repair("--output", output);

    assertThat(repair.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(repair.err())
        .contains("cannot be repaired: without the superblock", "--start-over")
        .hasLineCount(1);
    assertThat(output).doesNotExist();

    Tool startOver =
        repair("--output", output, "--start-over", "--region-size=4K", "--device-size=" + SIZE);

    assertThat(startOver.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(startOver.out()).contains("lost: the state of 100 regions");
    assertThat(dump(output)).contains("\"regions\":100,\"hydrated\":0,");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "                                             | --output=F | --in-place",
        "--in-place --output=x                        | mutually exclusive | --in-place",
        "--in-place --start-over                      | --region-size | --device-size",
        "--in-place --region-size=4K                  | --start-over | --device-size",
        "--in-place --start-over --region-size=5K --device-size=1M"
            + " | Region size is not a power of 2 | 5120",
      })
  void misuseIsOneLine(String options, String message, String more) throws IOException {
    spoilSuperblock();
    byte[] damaged = Files.readAllBytes(clone.metadata());

    Tool repair = repair(options == null ? new Object[0] : (Object[]) options.split(" +"));

    assertThat(repair.err()).contains(message).contains(more).hasLineCount(1);
    assertThat(repair.status()).isEqualTo(CloneTool.MISUSE);
    assertThat(Files.readAllBytes(clone.metadata())).isEqualTo(damaged);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--in-place", "--output=x"})
  void missingMetadataIsOneLine(String option) {
    Path missing = temporary.resolve("nowhere");

    Tool repair = Tool.run("repair", "--metadata", missing, option);

    assertThat(repair.err()).isEqualToIgnoringNewLines("clone: " + missing + ": no such file");
    assertThat(repair.status()).isEqualTo(CloneTool.TROUBLE);
  }

  @Test
  void startingOverWithAUsableSuperblockIsMisuse() throws IOException {
    spoilTree();

    Tool repair = repair("--in-place", "--start-over", "--region-size=4K", "--device-size=" + SIZE);

    assertThat(repair.status()).isEqualTo(CloneTool.MISUSE);
    assertThat(repair.err()).contains("the superblock is usable").hasLineCount(1);
  }

  @Test
  void outputOverTheDamagedFileIsMisuse() {
    Tool repair = repair("--output", clone.metadata());

    assertThat(repair.status()).isEqualTo(CloneTool.MISUSE);
    assertThat(repair.err()).contains("are the same file", "--in-place").hasLineCount(1);
  }

  @Test
  void outputThatHoldsSomethingIsRefusedUntouched() throws IOException {
    spoilTree();
    CloneDirectory.write(output, 1 << 20);
    byte[] before = Files.readAllBytes(output);

    Tool repair = repair("--output", output);

    assertThat(repair.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(repair.err()).contains("metadata block 0 is not all zeroes").hasLineCount(1);
    assertThat(Files.readAllBytes(output)).isEqualTo(before);
  }

  @Test
  void metadataInUseIsNotRepaired() throws IOException {
    spoilTree();
    try (BlockStore inUse = FileChannelBlockStore.open(clone.metadata())) {
      assertThat(inUse.tryLock()).isTrue();

      Tool repair = repair("--in-place");

      assertThat(repair.status()).isEqualTo(CloneTool.TROUBLE);
      assertThat(repair.err()).contains("is in use").hasLineCount(1);
    }
  }

  private Tool restore(String dump, Object... options) throws IOException {
    Path file = Files.writeString(temporary.resolve("dump.json"), dump);
    Object[] arguments = new Object[options.length + 5];
    Object[] first = {"restore", "--metadata", output, "--from", file};
    System.arraycopy(first, 0, arguments, 0, first.length);
    System.arraycopy(options, 0, arguments, first.length, options.length);
    return Tool.run(arguments);
  }

  @Test
  void restoreTakesWhatDumpPrints() throws IOException {
    String dump = dump(clone.metadata());

    Tool restore = restore(dump);

    assertThat(restore.err()).isEmpty();
    assertThat(restore.out())
        .isEqualToIgnoringNewLines("restored: " + output + " has 2 of 100 regions hydrated");
    assertThat(restore.status()).isZero();
    assertThat(dump(output)).isEqualTo(dump);
  }

  @Test
  void restoredMetadataIsCarriedOn() throws IOException {
    assertThat(restore(DUMP).status()).isZero();
    Files.copy(output, clone.metadata(), StandardCopyOption.REPLACE_EXISTING);

    assertThat(clone.run("--quiet").status()).isZero();

    assertThat(dump(clone.metadata())).contains("\"hydrated\":100,\"ranges\":[[0,100]],");
    byte[] copied = Files.readAllBytes(clone.destination());
    byte[] source = Files.readAllBytes(clone.source());
    assertThat(Arrays.equals(copied, 3 * 4096, 63 * 4096, source, 3 * 4096, 63 * 4096)).isTrue();
    assertThat(Arrays.copyOf(copied, 3 * 4096)).containsOnly(0);
  }

  @Test
  void restoreOverSomethingIsRefusedUnlessToldTo() throws IOException {
    assertThat(restore(DUMP).status()).isZero();
    byte[] before = Files.readAllBytes(output);

    Tool refused = restore(DUMP.replace("[0,3]", "[0,4]"));

    assertThat(refused.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(refused.err()).contains("metadata block 0 is not all zeroes").hasLineCount(1);
    assertThat(Files.readAllBytes(output)).isEqualTo(before);
    assertThat(restore(DUMP.replace("[0,3]", "[0,4]"), "--overwrite").status()).isZero();
    assertThat(dump(output)).contains("[[0,4],[63,2]]");
  }

  @Test
  void badDumpIsOneLineAndMakesNoFile() throws IOException {
    Tool restore = restore(DUMP.replace("[63,2]", "[99,2]"));

    assertThat(restore.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(restore.err())
        .startsWith("clone: dump, line 1, column ")
        .contains("range [99,2] ends past the last region, 99")
        .hasLineCount(1);
    assertThat(output).doesNotExist();
  }

  @Test
  void missingDumpIsOneLine() {
    Tool restore =
        Tool.run("restore", "--metadata", output, "--from", temporary.resolve("nowhere"));

    assertThat(restore.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(restore.err()).contains("nowhere: no such file").hasLineCount(1);
  }

  @Test
  void whatCannotBeReadTwiceIsNoDump() throws IOException {
    Tool restore = Tool.run("restore", "--metadata", output, "--from", temporary);

    assertThat(restore.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(restore.err()).contains("is not a regular file").hasLineCount(1);
  }
}
