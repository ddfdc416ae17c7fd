package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Command lines that are nearly right: {@code -Dclone.fuzz.cases=N} tries more of them. Misuse ends
 * with one clear line and leaves every file as it was, and so does trouble, unless the work had
 * begun; nothing ends with a stack trace.
 */
class RandomArgumentsTest {
  private static final long CASES = Long.getLong("clone.fuzz.cases", 20_000) / 200;

  private static final List<String> COMMANDS =
      List.of("run", "status", "dump", "check", "repair", "restore", "sync", "RUN", "");

  private static final List<String> FLAGS =
      List.of(
          "--no-hydration",
          "--no-discard-passdown",
          "--json",
          "--quiet",
          "--overwrite",
          "--in-place",
          "--start-over",
          "--bogus",
          "-x",
          "--help",
          "--");

  private static final List<String> VALUED =
      List.of(
          "--region-size",
          "--hydration-threshold",
          "--hydration-batch-size",
          "--device-size",
          "--store");

  // Not 0, with which a run waits for a hydration that never begins.
  private static final List<String> VALUES =
      List.of(
          "",
          "-1",
          "1",
          "4096",
          "4K",
          "64K",
          "1G",
          "2G",
          "5000",
          "4X",
          "K",
          "9999999999T",
          "18446744073709551616",
          "1e3",
          "0x1000",
          "\u0663",
          "raw",
          "mapped",
          "tape",
          "a b",
          "\0");

  private static final List<String> FILES =
      List.of("source", "destination", "metadata", "dump", "nothing", "folder", "foreign", ".");

  private static final List<String> ROLES =
      List.of("--source", "--destination", "--metadata", "--from", "--output");

  @TempDir private Path temporary;
  private final Random random = Seed.random();

  @Test
  void everyCommandLineEndsWithAClearLine() throws IOException {
    int misused = 0;
    for (long number = 0; number < CASES; number++) {
      CloneDirectory clone = newFiles(number);
      Map<String, String> before = clone.contents();
      List<Object> arguments = arguments(clone);
      Tool run = Tool.run(arguments.toArray());
      String name = arguments + ": " + run;
      assertThat(run.status()).as(name).isBetween(CloneTool.DONE, CloneTool.MISUSE);
      assertThat(run.err()).as(name).doesNotContain("\tat ", "Exception");
      if (run.status() != CloneTool.DONE && !run.err().startsWith("Usage: ")) {
        assertThat(run.err()).as(name).contains("clone: ");
      }
      if (run.status() == CloneTool.MISUSE) {
        misused++;
        assertThat(run.err().strip()).as(name).isNotEmpty();
        assertThat(clone.contents()).as(name).isEqualTo(before);
      }
    }
    assertThat(misused).isPositive();
  }

  /** A clone that was begun, or only its source, with files beside it that are none of a clone. */
  private CloneDirectory newFiles(long number) throws IOException {
    Path directory = Files.createDirectory(temporary.resolve("clone-" + number));
    CloneDirectory clone = new CloneDirectory(directory).withSource(1 << 18);
    Files.createDirectory(directory.resolve("folder"));
    CloneDirectory.write(directory.resolve("foreign"), 1 << 16);
    Files.writeString(
        directory.resolve("dump"),
        "{\"region_size_sectors\":8,\"device_sectors\":512,\"ranges\":[[0,3]]}");
    if (random.nextBoolean()) {
      clone.run("--no-hydration", "--quiet");
    }
    return clone;
  }

  private List<Object> arguments(CloneDirectory clone) {
    List<Object> arguments = new ArrayList<>();
    arguments.add(any(COMMANDS));
    for (String role : ROLES) {
      if (random.nextInt(4) > 0) {
        boolean right = random.nextInt(3) > 0;
        String file =
            role.equals("--from") ? "dump" : role.equals("--output") ? "new" : role.substring(2);
        arguments.add(role);
        arguments.add(clone.path().resolve(right ? file : any(FILES)));
      }
    }
    while (random.nextInt(3) > 0) {
      if (random.nextBoolean()) {
        arguments.add(any(FLAGS));
      } else {
        arguments.add(any(VALUED) + "=" + any(VALUES));
      }
    }
    return arguments;
  }

  private String any(List<String> words) {
    return words.get(random.nextInt(words.size()));
  }
}
