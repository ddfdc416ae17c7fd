package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that is stopped in the middle ends cleanly, and the next one completes the clone. */
class SignalTest {
  /** Copied in pieces of 4 KiB, one by one, this takes seconds. */
  private static final int SIZE = 256 << 20;

  private static final int SIGINT_BIT = 1 << 1;

  @TempDir private Path temporary;
  private CloneDirectory clone;

  @BeforeEach
  void makeSource() throws IOException {
    assumeTrue(Programs.find("kill").isPresent(), "there is no kill to send signals with");
    clone = new CloneDirectory(temporary).withSource(SIZE);
  }

  @Test
  void interruptEndsWith130AndTheNextRunCompletes() throws Exception {
    assumeTrue((ignoredSignals() & SIGINT_BIT) == 0, "this JVM's children ignore SIGINT");
    stopAndResume("INT", 130);
  }

  @Test
  void terminateEndsWith143AndTheNextRunCompletes() throws Exception {
    stopAndResume("TERM", 143);
  }

  private void stopAndResume(String signal, int status) throws Exception {
    Process process =
        new ProcessBuilder(
                Tool.command(
                    clone.arguments(
                        "--region-size=4K", "--hydration-threshold=1", "--hydration-batch-size=1")))
            .start();
    try {
      BufferedReader err = process.errorReader();
      assertThat(Tool.nextLine(err)).startsWith("hydrating: ");
      Programs.run("kill", "-" + signal, Long.toString(process.pid()));
      assertThat(Tool.nextLine(err)).startsWith("stopped: ");

      Tool stopped = Tool.await(process);

      assertThat(stopped.status()).as(stopped.err()).isEqualTo(status);
      assertThat(stopped.out()).startsWith("not done: ").contains("run it again to go on");
    } finally {
      process.destroyForcibly();
    }
    Tool check = Tool.run("check", "--metadata", clone.metadata());
    assertThat(check.out()).startsWith("OK: ");

    Tool resumed = clone.run("--quiet");

    assertThat(resumed.status()).as(resumed.err()).isZero();
    assertThat(Files.mismatch(clone.source(), clone.destination())).isEqualTo(-1);
  }

  private static long ignoredSignals() throws IOException {
    Path status = Path.of("/proc/self/status");
    assumeTrue(Files.exists(status), "no /proc to learn the ignored signals from");
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("SigIgn:")) {
        return Long.parseUnsignedLong(line.substring(line.indexOf('\t') + 1), 16);
      }
    }
    throw new IOException(status + " has no line SigIgn");
  }
}
