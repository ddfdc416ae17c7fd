package io.clonedevice.process;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A JVM that tries to open a clone whenever it is told to, says how that went, and closes it when
 * it is told to.
 */
final class RacingProcess implements AutoCloseable {
  private static final int OPEN = 'o';
  private static final int CLOSE = 'c';
  private static final String READY = "ready";

  /** What it says when the clone is its own. */
  static final String OPENED = "opened";

  /** What it says when the clone is anybody's again. */
  static final String CLOSED = "closed";

  private final Process process;
  private final BufferedReader answers;

  private RacingProcess(Process process) {
    this.process = process;
    this.answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /** Starts one; {@link #awaitReady} before the first race. */
  static RacingProcess start(CloneOnFiles files) throws IOException {
    return new RacingProcess(
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                RacingProcess.class.getName(),
                files.directory().toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start());
  }

  void awaitReady() throws IOException {
    String answer = answer();
    if (!READY.equals(answer)) {
      throw new IOException("the process said " + answer);
    }
  }

  void tellToOpen() throws IOException {
    tell(OPEN);
  }

  void tellToClose() throws IOException {
    tell(CLOSE);
  }

  String answer() throws IOException {
    return answers.readLine();
  }

  long pid() {
    return process.pid();
  }

  void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** Ends the process, which closes its clone first. */
  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    process.onExit().join();
  }

  private void tell(int command) throws IOException {
    process.getOutputStream().write(command);
    process.getOutputStream().flush();
  }

  /** Runs in the other process. */
  public static void main(String[] arguments) throws IOException {
    CloneOnFiles files = new CloneOnFiles(Path.of(arguments[0]));
    CloneDevice device = null;
    System.out.println(READY);
    for (int command = System.in.read(); command >= 0; command = System.in.read()) {
      if (command == OPEN) {
        device = open(files);
      } else {
        device.close();
        System.out.println(CLOSED);
      }
    }
    if (device != null) {
      device.close();
    }
  }

  private static CloneDevice open(CloneOnFiles files) {
    try {
      CloneDevice device =
          files.builder(StoreKind.FILE_CHANNEL).hydration(Hydration.disabled()).open();
      System.out.println(OPENED);
      return device;
    } catch (IOException | RuntimeException e) {
      System.out.println(e.toString().replace('\n', ' '));
      return null;
    }
  }
}
