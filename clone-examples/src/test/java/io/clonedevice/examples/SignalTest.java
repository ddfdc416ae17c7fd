package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;

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

  @TempDir private Path temporary;
  private CloneDirectory clone;

  @BeforeEach
  void makeSource() throws IOException {
    clone = new CloneDirectory(temporary).withSource(SIZE);
  }

  @Test
  void interruptEndsWith130AndTheNextRunCompletes() throws Exception {
    stopAndResume(Signal.INT, 130);
  }

  @Test
  void terminateEndsWith143AndTheNextRunCompletes() throws Exception {
    stopAndResume(Signal.TERM, 143);
  }

  private void stopAndResume(Signal signal, int status) throws Exception {
    signal.assumeSendable();
    Process process =
        new ProcessBuilder(
                Tool.command(
                    clone.arguments(
                        "--region-size=4K", "--hydration-threshold=1", "--hydration-batch-size=1")))
            .start();
    try {
      BufferedReader err = process.errorReader();
      assertThat(Tool.nextLine(err)).startsWith("hydrating: ");
      signal.send(process);
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
}
