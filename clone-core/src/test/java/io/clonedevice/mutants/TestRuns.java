package io.clonedevice.mutants;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs a layer, or some test classes of it, in a JVM of its own, with or without a mutant. */
final class TestRuns {
  /** For what hangs outside of a test; a test that hangs is found by {@link LayerRun}. */
  private static final int MINUTES_MAX = 15;

  /** How a random test says what it tried. */
  private static final Pattern EFFORT =
      Pattern.compile("([0-9.,]+ (?:seeds|crash states|devices))\\b");

  private final Path output;

  /**
   * @param output a file for what the runs print, one after the other
   */
  TestRuns(Path output) {
    this.output = output;
  }

  /** What the last run printed, seeds and failures among it. */
  Path output() {
    return output;
  }

  /** What came of one run. */
  record Verdict(boolean isCaught, String text) {}

  /**
   * @param testClasses their simple names; empty for the whole layer
   * @param mutant the classes of a mutant, {@code null} for none
   */
  Verdict run(Layer layer, List<String> testClasses, Path mutant)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(command(layer, testClasses, mutant))
            .directory(Root.FOLDER.resolve("clone-core").toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(MINUTES_MAX, TimeUnit.MINUTES);
    if (!ended) {
      process.destroyForcibly().waitFor();
    }
    String told = ended ? told() : "(hang)";
    long seconds = (System.nanoTime() - start) / 1_000_000_000;
    return switch (process.exitValue()) {
      case LayerRun.PASSED -> new Verdict(false, "no, " + seconds + " s");
      case LayerRun.NO_TESTS -> throw new IllegalStateException(layer + " has no such tests");
      case LayerRun.CAUGHT -> new Verdict(true, told + ", " + seconds + " s");
      default ->
          new Verdict(
              true, told + "the JVM ended with " + process.exitValue() + ", " + seconds + " s");
    };
  }

  private static List<String> command(Layer layer, List<String> testClasses, Path mutant) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-ea");
    command.addAll(layer.arguments());
    command.add("-cp");
    command.add((mutant == null ? "" : mutant + File.pathSeparator) + Root.CLASS_PATH);
    command.add(LayerRun.class.getName());
    command.add(layer.toString());
    testClasses.forEach(testClass -> command.add(".*\\." + testClass));
    return command;
  }

  /** Which test failed, and how much it had tried by then if it says so. */
  private String told() throws IOException {
    String effort = "";
    for (String line : Files.readAllLines(output, StandardCharsets.ISO_8859_1)) {
      if (line.startsWith(LayerRun.TOLD)) {
        return line.substring(LayerRun.TOLD.length()) + effort;
      }
      Matcher matcher = EFFORT.matcher(line);
      if (matcher.find()) {
        effort = ", after " + matcher.group(1);
      }
    }
    return "";
  }
}
