package io.clonedevice.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.Effort;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Power cuts before each change of destination and metadata device in random histories: whatever is
 * left of both, the metadata opens and is sound, and each sector reads as one of the values that it
 * may have.
 */
class CrashTest {
  static final long STATES = Effort.cases("clone.crash.states", 50_000);

  @Test
  @Tag("A25")
  @Tag("B1")
  @Tag("B2")
  @Tag("B3")
  void everyCrashOfARandomHistoryLeavesOnlyLegalValues() throws IOException {
    try (CrashStates states = CrashStates.forTotal(STATES)) {
      try {
        run(STATES, states, Life.Wrapping.NONE);
      } finally {
        System.out.println(states.figures());
      }
      assertThat(states.count()).isGreaterThanOrEqualTo(STATES);
    }
  }

  @ParameterizedTest
  @EnumSource(Canary.class)
  void storeThatBreaksItsPromiseIsFound(Canary canary) {
    try (CrashStates states = CrashStates.forTotal(20_000)) {
      Throwable found = catchThrowable(() -> run(20_000, states, canary.wrapping()));
      System.out.println(canary + " found after " + states.count() + " crash states");
      // A write that comes late may be overtaken while it is under way: that shows without a cut.
      assertThat(found)
          .isInstanceOf(AssertionError.class)
          .hasMessageFindingMatch("after a power cut|of the device at rest");
    }
  }

  @Test
  void metadataThatIsLeftPassesTheIndependentChecker(@TempDir Path folder) throws Exception {
    String checker = System.getProperty("clone.checker");
    assumeTrue(checker != null, "skipped: -Dclone.checker=clone_meta.py names no checker script");
    try (CrashStates states = CrashStates.forTotal(20_000)) {
      run(5_000, states, Life.Wrapping.NONE);
      assertThat(states.someMetadata()).isNotEmpty();
      for (byte[] metadata : states.someMetadata()) {
        check(checker, Files.write(folder.resolve("metadata.img"), metadata));
      }
    }
  }

  private static void run(long count, CrashStates states, Life.Wrapping wrapping)
      throws IOException {
    for (long seed = new Seed().value(); states.count() < count; seed = History.next(seed)) {
      History.run(seed, states, wrapping);
    }
  }

  private static void check(String checker, Path image) throws Exception {
    Process process =
        new ProcessBuilder("python3", checker, "check", image.toString(), "--strict-notes")
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }
}
