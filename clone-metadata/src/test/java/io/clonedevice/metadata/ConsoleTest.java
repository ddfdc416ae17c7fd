package io.clonedevice.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a program that uses metadata prints without being asked. */
class ConsoleTest {

  /** Opens, marks, commits and closes. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) throws IOException {
      RegionGeometry geometry = new RegionGeometry(1000 * 4096, 4096);
      try (CloneMetadata metadata = CloneMetadata.open(new MemoryMetadataDevice(64), geometry)) {
        metadata.markHydrated(0, 1);
        metadata.finishCommit(metadata.beginCommit());
      }
    }
  }

  @Test
  void nothingIsPrinted() throws IOException, InterruptedException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                java, "-cp", System.getProperty("java.class.path"), Program.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(output).isZero();
    // From 24 on the JVM itself warns of sun.misc.Unsafe, once, in lines that begin like this.
    List<String> lines =
        output.lines().filter(line -> !line.startsWith("WARNING: ") || isNotTheJvms(line)).toList();
    assertThat(lines).isEmpty();
  }

  private static boolean isNotTheJvms(String line) {
    return Runtime.version().feature() < 24
        || line.contains("Make sure you have set")
        || !(line.contains("sun.misc.Unsafe")
            || line.contains("UnsafeMemory")
            || line.contains("terminally deprecated"));
  }
}
