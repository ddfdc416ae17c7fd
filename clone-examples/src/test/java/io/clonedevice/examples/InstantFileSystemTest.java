package io.clonedevice.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The script {@code instant-file-system.sh}: a file system on an instant clone, with real clients
 * and the kernel. What the script needs, it says itself.
 */
class InstantFileSystemTest {
  private static final Path SCRIPT = Path.of("src/main/scripts/instant-file-system.sh");

  private static final int IMAGE_MIB = 96;
  private static final int BLOCK_SIZE = 4096;

  /** More than enough for what is written to the file system: unpacked files and a database. */
  private static final int WORK_MIB = 16;

  /** Where the superblock of ext4 has its magic number. */
  private static final int EXT4_MAGIC_OFFSET = 1080;

  private static final long PATIENCE_SECONDS = 240;

  /** Exit status of the script where the machine has not what it takes. */
  private static final int MACHINE_LACKS_SOMETHING = 77;

  @TempDir private Path temporary;
  private Path directory;

  @BeforeEach
  void requireBash() {
    assumeTrue(Programs.find("bash").isPresent(), "there is no bash");
    directory = temporary.resolve("clone");
  }

  @Test
  void copyIsWholeAndUnusedSpaceIsNotCopiedAndTheProofFindsWhatIsWrong() throws Exception {
    assertIsWhole(story("--through", "nbdfuse"));

    int file = offsetOfAFile();
    assertThat(proofWithWrongByteAt(file)).contains("files of the copy are wrong");
    assertThat(proofWithWrongByteAt(EXT4_MAGIC_OFFSET)).contains("e2fsck finds errors");
    Path durable = directory.resolve("durable");
    String transfers = Files.readString(durable);
    Files.writeString(durable, "101");
    assertThat(prove()).isEqualTo("101 transfers were durable, " + transfers + " are there");
    Files.writeString(durable, transfers);

    assertThat(prove()).isEqualTo("proof      the source has not changed");
  }

  @Test
  void whatWasSyncedBeforeTheServerWasKilledIsThere() throws Exception {
    String said = story("--through", "nbdfuse", "--kill");

    assertIsWhole(said);
    // Which error SQLite has depends on what it was doing when its disk went away.
    assertThat(said)
        .containsPattern(
            "the database says: sqlite3\\."
                + "(OperationalError: disk I/O error|DatabaseError: database disk image is malformed)")
        .contains("kill -9 ", "the journal was replayed", "the files that were synced are there");
    Matcher restart = match("mounted again, (\\d+) of (\\d+) regions are hydrated", said);
    assertThat(Integer.parseInt(restart.group(1))).isLessThan(Integer.parseInt(restart.group(2)));
  }

  @Test
  void qemuCanPresentTheExportToo() throws Exception {
    assertIsWhole(story("--through", "qemu-storage-daemon"));
  }

  private void assertIsWhole(String said) throws IOException {
    assertThat(said)
        .contains("proof      e2fsck -fn finds nothing wrong", "proof      the source has not");
    int unusedMib = Integer.parseInt(match("fstrim +(\\d+) MiB are unused", said).group(1));
    assertThat(unusedMib).isGreaterThan(IMAGE_MIB / 4);
    int takenMib = Integer.parseInt(match("the copy takes (\\d+) of", said).group(1));
    assertThat(takenMib).isLessThan(IMAGE_MIB - unusedMib + WORK_MIB);
    Tool status = Tool.run("status", "--metadata", directory.resolve("copy.meta"), "--json");
    assertThat(status.out()).contains("\"complete\":true");
    assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain(directory.toString());
    assertThat(backingFilesOfLoopDevices()).noneMatch(file -> file.startsWith(directory));
  }

  private static Matcher match(String pattern, String said) {
    Matcher matcher = Pattern.compile(pattern).matcher(said);
    assertThat(matcher.find()).as("%s in: %s", pattern, said).isTrue();
    return matcher;
  }

  private static List<Path> backingFilesOfLoopDevices() throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> devices = Files.list(Path.of("/sys/block"))) {
      for (Path device : devices.toList()) {
        Path backing = device.resolve("loop/backing_file");
        if (Files.exists(backing)) {
          files.add(Path.of(Files.readString(backing).strip()));
        }
      }
    }
    return files;
  }

  /** Runs the whole script; returns what it said. */
  private String story(String... options) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.addAll(List.of("--size", IMAGE_MIB + "M", "--directory", directory.toString()));
    Tool script = script(arguments);
    assertThat(script.status()).as(script.out()).isZero();
    return script.out();
  }

  /** Judges the copy once more; returns the last line of what the script said. */
  private String prove() throws Exception {
    String said = script(List.of("--prove", directory.toString())).out().strip();
    return said.substring(said.lastIndexOf('\n') + 1);
  }

  private String proofWithWrongByteAt(int offset) throws Exception {
    invertByteOfCopy(offset);
    Tool proof = script(List.of("--prove", directory.toString()));
    assertThat(proof.status()).isEqualTo(1);
    invertByteOfCopy(offset);
    return proof.out();
  }

  private void invertByteOfCopy(int offset) throws IOException {
    try (FileChannel copy =
        FileChannel.open(
            directory.resolve("copy.img"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      copy.read(one, offset);
      one.put(0, (byte) ~one.get(0));
      copy.write(one.flip(), offset);
    }
  }

  /** Finds where the copy has a file of the Java installation. */
  private int offsetOfAFile() throws IOException {
    String line = Files.readAllLines(directory.resolve("files.sha256")).get(0);
    byte[] content = Files.readAllBytes(Path.of(line.substring(line.indexOf("./") + 1)));
    ByteBuffer begin = ByteBuffer.wrap(content, 0, Math.min(content.length, BLOCK_SIZE));
    try (FileChannel copy = FileChannel.open(directory.resolve("copy.img"))) {
      ByteBuffer bytes = copy.map(FileChannel.MapMode.READ_ONLY, 0, copy.size());
      for (int offset = 0; offset < bytes.capacity(); offset += BLOCK_SIZE) {
        if (bytes.slice(offset, begin.remaining()).equals(begin)) {
          return offset;
        }
      }
    }
    throw new AssertionError("the copy does not hold " + line);
  }

  private Tool script(List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("bash", SCRIPT.toString()));
    command.addAll(arguments);
    Path said = Files.createTempFile(temporary, "said", "");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile());
    builder.environment().put("CLONE_CLASSPATH", System.getProperty("java.class.path"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    try {
      assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
          .as("still runs: %s", Files.readString(said, UTF_8))
          .isTrue();
    } finally {
      // All that it has started ends with it, and with that go its mounts and loop devices.
      process.destroyForcibly();
    }
    String words = Files.readString(said, UTF_8);
    assumeTrue(process.exitValue() != MACHINE_LACKS_SOMETHING, words.strip());
    return new Tool(process.exitValue(), words, "");
  }
}
