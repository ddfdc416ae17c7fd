package io.clonedevice;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Another JVM with the class path of this one, which runs until its input ends or it is killed. */
public final class OtherJvm implements AutoCloseable {
  private final Process process;
  private final BufferedReader output;

  private OtherJvm(Process process) {
    this.process = process;
    this.output = process.inputReader(StandardCharsets.UTF_8);
  }

  /** Starts the main method of a class. */
  public static OtherJvm run(Class<?> main, Object... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return new OtherJvm(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start());
  }

  /** Returns its next line of output; {@code null} if there is none any more. */
  public String answer() throws IOException {
    return output.readLine();
  }

  /** Sends it a byte. */
  public void tell(int command) throws IOException {
    process.getOutputStream().write(command);
    process.getOutputStream().flush();
  }

  public long pid() {
    return process.pid();
  }

  public void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** Ends its input and waits for its end. */
  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    process.onExit().join();
  }
}
