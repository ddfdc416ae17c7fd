package io.clonedevice.process;

import io.clonedevice.CloneDevice;
import io.clonedevice.OtherJvm;
import io.clonedevice.hydration.Hydration;
import java.io.IOException;
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

  private final OtherJvm process;

  private RacingProcess(OtherJvm process) {
    this.process = process;
  }

  /** Starts one; {@link #awaitReady} before the first race. */
  static RacingProcess start(CloneOnFiles files) throws IOException {
    return new RacingProcess(OtherJvm.run(RacingProcess.class, files.directory()));
  }

  void awaitReady() throws IOException {
    String answer = answer();
    if (!READY.equals(answer)) {
      throw new IOException("the process said " + answer);
    }
  }

  void tellToOpen() throws IOException {
    process.tell(OPEN);
  }

  void tellToClose() throws IOException {
    process.tell(CLOSE);
  }

  String answer() throws IOException {
    return process.answer();
  }

  long pid() {
    return process.pid();
  }

  void kill() {
    process.kill();
  }

  /** Ends the process, which closes its clone first. */
  @Override
  public void close() throws IOException {
    process.close();
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
