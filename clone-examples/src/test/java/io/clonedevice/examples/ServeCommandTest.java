package io.clonedevice.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.examples.nbd.tls.Certificates;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code serve}, {@code message} and {@code status --socket}, with real clients. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServeCommandTest {
  private static final int SIZE = 8 << 20;

  @TempDir private Path temporary;
  private CloneDirectory clone;
  private Path socket;
  private Path control;
  private Process process;
  private BufferedReader err;

  /** What the server said before it listened: hydration may be complete by then. */
  private final List<String> saidBefore = new ArrayList<>();

  @BeforeEach
  void makeSource() throws IOException {
    clone = new CloneDirectory(temporary).withSource(SIZE);
    socket = temporary.resolve("nbd");
    control = temporary.resolve("control");
  }

  @AfterEach
  void kill() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  /** Starts to serve; returns what it says that it listens on. */
  private String serve(Object... options) throws IOException {
    List<Object> arguments =
        new ArrayList<>(
            List.of(
                "serve",
                "--source",
                clone.source(),
                "--destination",
                clone.destination(),
                "--metadata",
                clone.metadata(),
                "--control",
                control));
    arguments.addAll(List.of(options));
    process = new ProcessBuilder(Tool.command(arguments.toArray())).start();
    err = process.errorReader();
    BufferedReader out = process.inputReader();
    String line = out.readLine();
    while (line != null && !line.startsWith("listening on ")) {
      saidBefore.add(line);
      line = out.readLine();
    }
    if (line == null) {
      throw new IOException("ended: " + String.join("\n", err.lines().toList()));
    }
    return line.substring("listening on ".length());
  }

  private void stop() throws Exception {
    // Of the handle, because that of the process closes its streams.
    process.toHandle().destroy();
    awaitStopped();
  }

  private void awaitStopped() throws Exception {
    Tool stopped = Tool.await(process);
    assertThat(stopped.status()).as(stopped.err()).isZero();
    assertThat(stopped.out()).contains("stopped: ");
  }

  private String uri() {
    return "nbd+unix:///?socket=" + socket;
  }

  private static String client(String program, String... arguments) throws Exception {
    assumeTrue(Programs.find(program).isPresent(), program + " is not installed");
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(Arrays.asList(arguments));
    return Programs.run(command.toArray(String[]::new));
  }

  @Test
  void helpShowsEachFormOfAnAddressInOnePiece() {
    assertThat(Tool.run("serve", "--help").out())
        .contains(
            " nbd://HOST[:PORT]/NAME",
            " nbds://HOST[:PORT]/NAME",
            " nbd+unix:///NAME?socket=PATH",
            " nbds+unix:///NAME?socket=PATH");
  }

  @ParameterizedTest
  @EnumSource(Signal.class)
  void signalDrainsMakesDurableAndExitsWith0(Signal signal) throws Exception {
    signal.assumeSendable();
    serve("--socket", socket, "--no-hydration");
    client("qemu-io", "-f", "raw", "-c", "write -P 0x57 64k 128k", uri());

    signal.send(process);
    awaitStopped();

    assertThat(socket).doesNotExist();
    assertThat(control).doesNotExist();
    Tool status = Tool.run("status", "--metadata", clone.metadata(), "--json");
    assertThat(status.out()).contains("\"hydrated\":2,");
    byte[] written = new byte[128 << 10];
    Arrays.fill(written, (byte) 0x57);
    assertThat(Arrays.copyOfRange(Files.readAllBytes(clone.destination()), 64 << 10, 192 << 10))
        .isEqualTo(written);
  }

  @Test
  void servesWhileItHydratesAndTheCopyIsWhole() throws Exception {
    serve("--socket", socket);
    client("nbdcopy", uri(), temporary.resolve("copy").toString());
    assertThat(temporary.resolve("copy")).hasSameBinaryContentAs(clone.source());
    String said = saidBefore.isEmpty() ? process.inputReader().readLine() : saidBefore.get(0);
    assertThat(said).startsWith("hydration complete");

    stop();

    assertThat(clone.destination()).hasSameBinaryContentAs(clone.source());
  }

  @Test
  void acceptsFilesThatWereAllocatedBefore() throws Exception {
    CloneDirectory.writeSparse(clone.destination(), SIZE);
    CloneDirectory.writeSparse(clone.metadata(), 1 << 20);

    serve("--socket", socket, "--no-hydration");

    assertThat(client("nbdinfo", "--size", uri()).strip()).isEqualTo(Integer.toString(SIZE));
  }

  @Test
  void messagesChangeTheDeviceAndStatusShowsIt() throws Exception {
    serve("--socket", socket, "--no-hydration");
    assertThat(Files.getPosixFilePermissions(control))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));

    assertThat(message("hydration_threshold", "7")).isEqualTo(new Tool(0, "", ""));
    assertThat(message("HYDRATION_BATCH_SIZE 3")).isEqualTo(new Tool(0, "", ""));
    Tool status = Tool.run("status", "--socket", control, "--json");
    assertThat(status.out())
        .contains("no_hydration 4 hydration_threshold 7 hydration_batch_size 3 rw\"")
        .contains("\"hydrated\":0,", "\"hydration_enabled\":false,", "\"connections\":0,");
    assertThat(Tool.run("status", "--socket", control).out()).contains("hydration_threshold 7\n");

    Tool wrong = message("hydration_threshold", "many");
    assertThat(wrong.status()).isEqualTo(CloneTool.MISUSE);
    assertThat(wrong.err()).contains("hydration_threshold");
    assertThat(message("nonsense").err()).contains("nonsense");

    message("enable_hydration");
    String said = saidBefore.isEmpty() ? process.inputReader().readLine() : saidBefore.get(0);
    assertThat(said).startsWith("hydration complete");
    message("disable_hydration");
    assertThat(Tool.run("status", "--socket", control, "--json").out())
        .contains("\"complete\":true,\"hydration_enabled\":false");
  }

  private Tool message(Object... words) {
    List<Object> arguments = new ArrayList<>(List.of("message", "--socket", control));
    arguments.addAll(List.of(words));
    return Tool.run(arguments.toArray());
  }

  @Test
  void userSignalPrintsTheStatus() throws Exception {
    assumeTrue(Programs.find("kill").isPresent(), "there is no kill to send signals with");
    serve("--socket", socket, "--no-hydration");
    Programs.run("kill", "-USR1", Long.toString(process.pid()));

    assertThat(Tool.nextLine(err))
        .startsWith("0 16384 clone 8 ")
        .contains(" 128 0/128 0 1 no_hydration ", "connections=0");
    stop();
  }

  @Test
  void userSignalFindsItOpeningWhileTheSourceIsSlow() throws Exception {
    assumeTrue(Programs.find("kill").isPresent(), "there is no kill to send signals with");
    Path source = temporary.resolve("slow");
    try (ServerSocketChannel slow = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      slow.bind(UnixDomainSocketAddress.of(source));
      Object[] arguments = clone.arguments("--socket", socket);
      arguments[0] = "serve";
      arguments[2] = "nbd+unix:///?socket=" + source;
      process = new ProcessBuilder(Tool.command(arguments)).start();
      try (SocketChannel connected = slow.accept()) {
        Programs.run("kill", "-USR1", Long.toString(process.pid()));

        assertThat(Tool.nextLine(process.errorReader())).isEqualTo("opening");
        assertThat(connected.isOpen()).isTrue();
      }
    }
  }

  @Test
  void exportHasItsNameAndIsReadOnly() throws Exception {
    serve("--socket", socket, "--no-hydration", "--export", "disk", "--read-only");

    String info = client("nbdinfo", "--json", "nbd+unix:///disk?socket=" + socket);
    assertThat(info).contains("\"export-name\": \"disk\"", "\"is_read_only\": true");
    assertThat(client("nbdinfo", "--list", uri())).contains("export=\"disk\"");
  }

  @Test
  void listensOnTcpForThisMachineOnly() throws Exception {
    String address = serve("--port", 0, "--no-hydration");

    assertThat(address).contains("127.0.0.1:");
    String port = address.substring(address.lastIndexOf(':') + 1);
    assertThat(client("nbdinfo", "--size", "nbd://127.0.0.1:" + port).strip())
        .isEqualTo(Integer.toString(SIZE));
  }

  @Test
  void socketFileOfAServerThatDiedIsReplacedAndThatOfALivingOneIsNot() throws Exception {
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(socket));
    }
    assertThat(socket).exists();
    serve("--socket", socket, "--no-hydration");

    CloneDirectory second =
        new CloneDirectory(Files.createDirectory(temporary.resolve("2"))).withSource(SIZE);
    Tool refused =
        Tool.runInChild(
            "serve",
            "--source",
            second.source(),
            "--destination",
            second.destination(),
            "--metadata",
            second.metadata(),
            "--socket",
            socket);

    assertThat(refused.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(refused.err()).contains("somebody listens there already");
    client("nbdinfo", uri());
    Files.writeString(temporary.resolve("file"), "text");
    assertThat(Tool.run("message", "--socket", temporary.resolve("file"), "x").err())
        .contains("nobody listens there");
  }

  @Test
  void whereNobodyCanConnectNothingIsMadeAndNothingIsOverwritten() throws Exception {
    Files.writeString(temporary.resolve("file"), "text");

    assertThat(refused("--socket", temporary.resolve("file"))).contains("is no socket");
    assertThat(refused("--socket", temporary.resolve("missing/nbd"))).contains("cannot listen");
    assertThat(refused("--socket", socket, "--control", temporary.resolve("file")))
        .contains("is no socket");
    assertThat(refused("--port", 0, "--bind", "host.invalid"))
        .contains("cannot listen on host.invalid: there is no host of that name");
    assertThat(refused("--socket", socket, "--control", socket)).contains("are the same");
    assertThat(socket).doesNotExist();
  }

  /** Serves in vain; returns what is said about it. */
  private String refused(Object... options) {
    List<Object> arguments = new ArrayList<>(List.of(clone.arguments()));
    arguments.set(0, "serve");
    arguments.addAll(List.of(options));
    Tool tool = Tool.run(arguments.toArray());
    assertThat(tool.status()).isNotZero();
    assertThat(clone.destination()).doesNotExist();
    assertThat(clone.metadata()).doesNotExist();
    return tool.err();
  }

  @Test
  void socketsAreGoneWhenTheCloneCannotBeOpened() throws Exception {
    Files.delete(clone.source());

    assertThat(refused("--socket", socket, "--control", control)).contains("no such file");

    assertThat(socket).doesNotExist();
    assertThat(control).doesNotExist();
  }

  @Test
  void socketOfTheExportIsNoControlSocket() throws Exception {
    serve("--socket", socket, "--no-hydration");

    Tool tool = Tool.run("message", "--socket", socket, "enable_hydration");

    assertThat(tool.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(tool.err()).contains("control socket of a clone");
  }

  @Test
  void whereToListenMustBeSaid() {
    Tool tool = Tool.run("serve", "--source", "s", "--destination", "d", "--metadata", "m");

    assertThat(tool.status()).isEqualTo(CloneTool.MISUSE);
    assertThat(tool.err()).contains("--socket", "--port");
  }

  @Test
  void tlsIsOfferedOrRequired() throws Exception {
    Path certificates = Certificates.inDirectory(temporary.resolve("pki"));
    serve("--socket", socket, "--no-hydration", "--tls-certificates", certificates);
    String tls = "nbds+unix://localhost/?socket=" + socket + "&tls-certificates=" + certificates;

    assertThat(client("nbdinfo", "--size", uri()).strip()).isEqualTo(Integer.toString(SIZE));
    assertThat(client("nbdinfo", tls)).contains("with TLS");
    client("nbdcopy", tls, temporary.resolve("copy").toString());
    assertThat(temporary.resolve("copy")).hasSameBinaryContentAs(clone.source());
    client("nbdcopy", "--flush", clone.source().toString(), tls);
    stop();
    assertThat(clone.destination()).hasSameBinaryContentAs(clone.source());

    serve(
        "--socket",
        socket,
        "--no-hydration",
        "--tls-certificates",
        certificates,
        "--tls-verify-peer");
    assertThat(client("nbdinfo", tls)).contains("with TLS");
    assertThat(Programs.find("nbdinfo")).isPresent();
    Process plain = new ProcessBuilder("nbdinfo", uri()).redirectErrorStream(true).start();
    assertThat(new String(plain.getInputStream().readAllBytes(), UTF_8)).contains("TLS");
    assertThat(plain.waitFor()).isNotZero();
  }
}
