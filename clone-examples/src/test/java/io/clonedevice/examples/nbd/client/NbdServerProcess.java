package io.clonedevice.examples.nbd.client;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real NBD server, on a unix domain socket. It puts itself into the background once it listens,
 * so nobody has to wait for that.
 */
final class NbdServerProcess implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 30;

  private final Path socket;
  private final Path pidFile;
  private final List<String> command = new ArrayList<>();

  private NbdServerProcess(Path directory) throws IOException {
    // A path of a socket has about a hundred bytes.
    Path unique = Files.createTempDirectory(directory, "s");
    this.socket = unique.resolve("nbd");
    this.pidFile = unique.resolve("pid");
  }

  /** Starts nbdkit, or skips the test where there is none. */
  static NbdServerProcess nbdkit(Path directory, Object... arguments)
      throws IOException, InterruptedException {
    assumeProgram("nbdkit");
    NbdServerProcess server = new NbdServerProcess(directory);
    server.command.addAll(
        List.of("nbdkit", "-U", server.socket.toString(), "-P", server.pidFile.toString()));
    return server.started(arguments);
  }

  /** Starts nbdkit on a TCP port. */
  static NbdServerProcess nbdkitOnPort(Path directory, int port, Object... arguments)
      throws IOException, InterruptedException {
    assumeProgram("nbdkit");
    NbdServerProcess server = new NbdServerProcess(directory);
    server.command.addAll(List.of("nbdkit", "-i", "127.0.0.1", "-p", Integer.toString(port)));
    server.command.addAll(List.of("-P", server.pidFile.toString()));
    return server.started(arguments);
  }

  /** Starts qemu-nbd, or skips the test where there is none. */
  static NbdServerProcess qemuNbd(Path directory, Object... arguments)
      throws IOException, InterruptedException {
    assumeProgram("qemu-nbd");
    NbdServerProcess server = new NbdServerProcess(directory);
    server.command.addAll(List.of("qemu-nbd", "--fork", "--persistent"));
    server.command.addAll(List.of("-k", server.socket.toString(), "--pid-file=" + server.pidFile));
    return server.started(arguments);
  }

  static void assumeProgram(String name) {
    assumeTrue(
        Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, name))),
        name + " is not installed");
  }

  private NbdServerProcess started(Object... arguments) throws IOException, InterruptedException {
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    restart();
    return this;
  }

  /** Starts it again after {@link #signal} has ended it, in the same place. */
  void restart() throws IOException, InterruptedException {
    Files.deleteIfExists(socket);
    Files.deleteIfExists(pidFile);
    run(command);
    awaitPid();
  }

  /** The command of nbdkit ends before the server that it leaves behind has written its number. */
  private void awaitPid() throws IOException {
    long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!Files.exists(pidFile) || Files.size(pidFile) == 0) {
      if (System.nanoTime() - deadlineNs > 0) {
        throw new IOException(command + " does not say which process it is");
      }
      Thread.onSpinWait();
    }
  }

  /** Runs a program to its end. */
  static String run(List<String> command) throws IOException, InterruptedException {
    // The server that stays in the background must not hold on to a pipe.
    Path said = Files.createTempFile("said", null);
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(said.toFile())
              .start();
      process.getOutputStream().close();
      int status = process.waitFor();
      String text = Files.readString(said, StandardCharsets.UTF_8);
      if (status != 0) {
        throw new IOException(command + " ended with status " + status + ": " + text);
      }
      return text;
    } finally {
      Files.delete(said);
    }
  }

  Path socket() {
    return socket;
  }

  NbdUri uri() {
    return uri("");
  }

  NbdUri uri(String export) {
    return NbdUri.parse("nbd+unix:///" + export + "?socket=" + socket);
  }

  NbdUri secureUri(Path certificates, String more) {
    return NbdUri.parse(
        "nbds+unix:///?socket=" + socket + "&tls-certificates=" + certificates + more);
  }

  /** Sends a signal. */
  void signal(String name) throws IOException, InterruptedException {
    run(List.of("kill", "-" + name, Long.toString(pid())));
  }

  /** Kills it and waits until it is gone. */
  void kill() throws IOException {
    ProcessHandle process = ProcessHandle.of(pid()).orElse(null);
    if (process != null) {
      process.destroyForcibly();
      process.onExit().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }
    Files.deleteIfExists(pidFile);
  }

  private long pid() throws IOException {
    try (InputStream file = Files.newInputStream(pidFile)) {
      return Long.parseLong(new String(file.readAllBytes(), StandardCharsets.UTF_8).strip());
    }
  }

  /** Kills it if it still runs. */
  @Override
  public void close() throws IOException {
    if (Files.exists(pidFile)) {
      ProcessHandle.of(pid()).ifPresent(ProcessHandle::destroyForcibly);
    }
  }
}
