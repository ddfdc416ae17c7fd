package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** JUnit and AssertJ are optional: another JVM runs a fixture without them. */
class WithoutTestFrameworkTest {
  @Test
  void fixtureWorksWithoutJunitAndAssertj() throws Exception {
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> !entry.matches(".*(junit|assertj|opentest4j|surefire).*\\.jar"))
            .collect(Collectors.joining(File.pathSeparator));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                InAnotherProcess.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(output.strip()).isEqualTo("no JUnit, read 7");
    assertThat(process.waitFor()).isZero();
  }

  /** A program without a test framework. */
  static final class InAnotherProcess {
    private InAnotherProcess() {}

    public static void main(String[] arguments) throws Exception {
      String junit = "a JUnit";
      try {
        Class.forName("org.junit.jupiter.api.Test");
      } catch (ClassNotFoundException e) {
        junit = "no JUnit";
      }
      try (CloneFixture clone = CloneFixture.builder().stepped().build()) {
        byte[] record = new byte[512];
        Arrays.fill(record, (byte) 7);
        clone.steps().await(clone.device().writeDurably(0, ByteBuffer.wrap(record)));
        clone.cutPower(new Random(1));
        ByteBuffer target = ByteBuffer.allocate(512);
        clone.steps().await(clone.device().read(0, target));
        System.out.println(junit + ", read " + target.get(0));
      }
    }
  }
}
