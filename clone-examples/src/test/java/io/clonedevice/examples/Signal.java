package io.clonedevice.examples;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What ends a program from outside. */
enum Signal {
  INT(2),
  TERM(15);

  private final int number;

  Signal(int number) {
    this.number = number;
  }

  /** Skips a test whose children this signal would not reach. */
  void assumeSendable() throws IOException {
    assumeTrue(Programs.find("kill").isPresent(), "there is no kill to send signals with");
    assumeTrue(
        (ignoredSignals() >> (number - 1) & 1) == 0, "this JVM's children ignore SIG" + name());
  }

  void send(Process process) throws IOException, InterruptedException {
    Programs.run("kill", "-" + name(), Long.toString(process.pid()));
  }

  private static long ignoredSignals() throws IOException {
    Path status = Path.of("/proc/self/status");
    assumeTrue(Files.exists(status), "no /proc to learn the ignored signals from");
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("SigIgn:")) {
        return Long.parseUnsignedLong(line.substring(line.indexOf('\t') + 1), 16);
      }
    }
    throw new IOException(status + " has no line SigIgn");
  }
}
