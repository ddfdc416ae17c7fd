package io.clonedevice.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.examples.nbd.server.Listener;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ControlSocketTest {
  @TempDir private Path temporary;
  private Path control;

  @BeforeEach
  void choosePath() {
    control = temporary.resolve("control");
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(control));
  }

  private static String ask(SocketChannel client, String question) throws IOException {
    ControlMessage.send(client, question + "\n");
    return new String(Channels.newInputStream(client).readAllBytes(), UTF_8);
  }

  @Test
  void clientsAreAcceptedAgainWhenFileDescriptorsAreFree() throws Exception {
    assumeTrue(Programs.find("prlimit").isPresent(), "there is no prlimit to take descriptors");
    CloneDirectory clone = new CloneDirectory(temporary).withSource(1 << 20);
    Object[] arguments =
        clone.arguments("--no-hydration", "--control", control, "--socket", temporary.resolve("s"));
    arguments[0] = "serve";
    Process process = new ProcessBuilder(Tool.command(arguments)).start();
    try (BufferedReader out = process.inputReader();
        BufferedReader err = process.errorReader()) {
      assertThat(out.readLine()).startsWith("listening on ");
      // Loads what answers: that takes descriptors, too.
      try (SocketChannel client = connect()) {
        assertThat(ask(client, "hydration_threshold 7")).isEqualTo("ok\n");
      }
      limitDescriptors(process, "1:");
      // Linux may have taken the descriptor of this client already, but not that of the next.
      try (SocketChannel client = connect()) {
        assertThat(Tool.nextLine(err)).contains("could not be accepted");

        limitDescriptors(process, "1024:");

        assertThat(ask(client, "hydration_threshold 8")).isEqualTo("ok\n");
      }
      try (SocketChannel client = connect()) {
        assertThat(ask(client, "hydration_threshold 9")).isEqualTo("ok\n");
      }
    } finally {
      process.destroyForcibly();
    }
  }

  private static void limitDescriptors(Process process, String softLimit) throws Exception {
    Programs.run("prlimit", "--pid", Long.toString(process.pid()), "--nofile=" + softLimit);
  }

  @Test
  void whoConnectedBeforeTheFileWasTheOwnersIsTurnedAway() throws Exception {
    try (Listener listener = Listener.on(UnixDomainSocketAddress.of(control));
        SocketChannel early = connect()) {
      ControlSocket.restrictToOwner(listener);
      Closeable socket = new ControlSocket(listener, question -> question + "\n");
      try (socket;
          SocketChannel late = connect()) {
        assertThat(ask(late, "question")).isEqualTo("ok\nquestion\n");
        assertThatThrownBy(() -> ask(early, "question")).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void whoGetsNoAnswerIsToldSo() throws Exception {
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(UnixDomainSocketAddress.of(control));

      assertThatThrownBy(() -> ControlMessage.ask(control, "status", Duration.ofMillis(50)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(control + ": no answer within 50 ms");
    }
  }
}
