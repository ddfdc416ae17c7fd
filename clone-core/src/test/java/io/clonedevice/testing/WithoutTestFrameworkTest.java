package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.JvmWithout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** JUnit and AssertJ are optional: another JVM runs a fixture without them. */
class WithoutTestFrameworkTest {
  @Test
  void fixtureWorksWithoutJunitAndAssertj() throws Exception {
    String printed =
        JvmWithout.run("(junit|assertj|opentest4j|surefire).*", InAnotherProcess.class);

    // Java 24 and later warn of a method that Agrona uses.
    assertThat(printed.lines().filter(line -> !line.startsWith("WARNING: ")))
        .containsExactly("no JUnit, read 7");
  }

  /** A program without a test framework. */
  static final class InAnotherProcess {
    private InAnotherProcess() {}

    public static void main(String[] arguments) throws Exception {
      // The device is sorry that its power is cut.
      System.setProperty("org.slf4j.simpleLogger.log.io.clonedevice", "off");
      System.setProperty("org.slf4j.simpleLogger.log.io.clonedevice.metadata.CloneMetadata", "off");
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
