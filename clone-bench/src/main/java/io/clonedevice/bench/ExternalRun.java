package io.clonedevice.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What other programs take: elapsed time from the start of the first to the end of the last, and
 * processor time of all of them, to a hundredth of a second (as the kernel counts it for processes
 * that have ended).
 */
record ExternalRun(double seconds, double processorSeconds, String output) {
  private static final double TICKS_PER_SECOND = 100;

  /** Runs commands one after the other; the output is that of all. */
  static ExternalRun of(List<List<String>> commands) throws IOException, InterruptedException {
    StringBuilder output = new StringBuilder();
    double processorBefore = endedChildren();
    long start = System.nanoTime();
    for (List<String> command : commands) {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      process.getOutputStream().close();
      output.append(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      if (process.waitFor() != 0) {
        throw new IOException("failed: " + String.join(" ", command) + "\n" + output);
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    return new ExternalRun(seconds, endedChildren() - processorBefore, output.toString());
  }

  static ExternalRun of(String... command) throws IOException, InterruptedException {
    return of(List.of(List.of(command)));
  }

  /** Whether a command of this name is on the path. */
  static boolean isInstalled(String command) {
    return Stream.of(System.getenv("PATH").split(":"))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, command)));
  }

  /** Another JVM as this one is, with the same classes. */
  static List<String> java(Class<?> main, String... arguments) {
    return java(List.of(), main, arguments);
  }

  /** The same with options of the JVM. */
  static List<String> java(List<String> options, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Processor time of the children of this process that have ended; see proc(5). */
  private static double endedChildren() throws IOException {
    String stat = Files.readString(Path.of("/proc/self/stat"));
    String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return (Double.parseDouble(afterName[13]) + Double.parseDouble(afterName[14]))
        / TICKS_PER_SECOND;
  }
}
