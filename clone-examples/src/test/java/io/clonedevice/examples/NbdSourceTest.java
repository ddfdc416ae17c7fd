package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code --source} may be an NBD URI. */
class NbdSourceTest {
  @TempDir private Path temporary;

  @Test
  void runCopiesAnExport() throws Exception {
    assumeTrue(Programs.find("nbdkit").isPresent(), "nbdkit is not installed");
    CloneDirectory clone = new CloneDirectory(temporary).withSource((1 << 20) + 512);
    Path socket = temporary.resolve("nbd");
    // It goes into the background when it listens, and ends with its last client.
    Process server =
        new ProcessBuilder(
                "nbdkit",
                "-U",
                socket.toString(),
                "-P",
                temporary.resolve("pid").toString(),
                "-r",
                "--filter=exitlast",
                "file",
                clone.source().toString())
            .inheritIO()
            .start();
    assertThat(server.waitFor()).isZero();

    Tool run = run("nbd+unix:///?socket=" + socket, clone);

    assertThat(run.status()).as(run.err()).isEqualTo(CloneTool.DONE);
    assertThat(clone.destination()).hasSameBinaryContentAs(clone.source());
  }

  @ParameterizedTest
  @CsvSource({
    "nbd+unix:///x, no socket; add ?socket=PATH",
    "nbd://, is no URI",
    "nbds://h/?tls-type=psk, cannot be 'psk'"
  })
  void badUriIsMisuse(String uri, String message) throws Exception {
    CloneDirectory clone = new CloneDirectory(temporary);
    Tool run = run(uri, clone);
    assertThat(run.status()).isEqualTo(CloneTool.MISUSE);
    assertThat(run.err()).startsWith("clone: ").contains(message).hasLineCount(1);
    assertThat(clone.contents()).isEmpty();
  }

  @Test
  void serverThatIsNotThereIsTroubleAndLeavesNothingBehind() throws Exception {
    CloneDirectory clone = new CloneDirectory(temporary);
    Tool run = run("nbd+unix:///?socket=" + temporary.resolve("nowhere"), clone);
    assertThat(run.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(run.err()).contains("nowhere").hasLineCount(1);
    assertThat(Files.exists(clone.destination())).isFalse();
    assertThat(clone.contents()).isEmpty();
  }

  private static Tool run(String source, CloneDirectory clone) {
    return Tool.run(
        "run",
        "--source",
        source,
        "--destination",
        clone.destination(),
        "--metadata",
        clone.metadata());
  }
}
