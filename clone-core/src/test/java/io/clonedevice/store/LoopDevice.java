package io.clonedevice.store;

import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A block device over a file, for tests that run as root. */
public final class LoopDevice {
  private final Path node;

  private LoopDevice(Path node) {
    this.node = node;
  }

  /** Makes a device over a new sparse file, or skips the test and says why. */
  public static LoopDevice over(Path backing, long size) throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "loop devices need root");
    assumeTrue(Files.exists(Path.of("/dev/loop-control")), "no /dev/loop-control");
    Files.createFile(backing);
    try (RandomAccessFile file = new RandomAccessFile(backing.toFile(), "rw")) {
      file.setLength(size);
    }
    try {
      return new LoopDevice(Path.of(run("losetup", "--find", "--show", backing.toString())));
    } catch (IOException e) {
      return abort("no loop device: " + e.getMessage());
    }
  }

  public Path node() {
    return node;
  }

  public void detach() throws Exception {
    run("losetup", "--detach", node.toString());
  }

  /** Runs a command that must succeed; returns what it said. */
  public static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException(String.join(" ", command) + ": " + output);
    }
    return output;
  }
}
