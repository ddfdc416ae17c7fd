package io.clonedevice.examples;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Runs the command line, in this JVM or in one of its own. */
record Tool(int status, String out, String err) {
  /** Far longer than anything here takes; a hang fails the test instead of blocking the build. */
  private static final long PATIENCE_SECONDS = 60;

  static Tool run(Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status =
        CloneTool.execute(new PrintWriter(out, true), new PrintWriter(err, true), strings(args));
    return new Tool(status, out.toString(), err.toString());
  }

  /** The command that starts the tool in a JVM of its own. */
  static List<String> command(Object... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(CloneTool.class.getName());
    command.addAll(List.of(strings(args)));
    return command;
  }

  /** Waits for a process whose stdout and stderr nobody has read yet. */
  static Tool await(Process process) throws IOException, InterruptedException {
    try {
      String out = new String(process.getInputStream().readAllBytes(), Charset.defaultCharset());
      String err = new String(process.getErrorStream().readAllBytes(), Charset.defaultCharset());
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException("the tool still runs: " + out + err);
      }
      return new Tool(process.exitValue(), out, withoutWordsOfTheJvm(err));
    } finally {
      process.destroyForcibly();
    }
  }

  /**
   * From version 24 on the JVM itself warns of libraries that use sun.misc.Unsafe or native code.
   */
  private static boolean isOfTheJvm(String line) {
    return Runtime.version().feature() >= 24 && (line.isEmpty() || line.startsWith("WARNING: "));
  }

  private static String withoutWordsOfTheJvm(String err) {
    return err.lines()
        .filter(line -> !isOfTheJvm(line))
        .map(line -> line + System.lineSeparator())
        .collect(Collectors.joining());
  }

  /** Returns the next line that the tool says, null at the end. */
  static String nextLine(BufferedReader err) throws IOException {
    String line = err.readLine();
    while (line != null && isOfTheJvm(line)) {
      line = err.readLine();
    }
    return line;
  }

  static Tool runInChild(Object... args) throws IOException, InterruptedException {
    return await(new ProcessBuilder(command(args)).start());
  }

  private static String[] strings(Object... args) {
    String[] strings = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      strings[i] = args[i].toString();
    }
    return strings;
  }
}
