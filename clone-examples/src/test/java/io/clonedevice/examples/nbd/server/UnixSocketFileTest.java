package io.clonedevice.examples.nbd.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketFileTest {
  @TempDir private Path temporary;

  private static void make(String... command) throws Exception {
    assumeTrue(new ProcessBuilder(command).start().waitFor() == 0, command[0] + " is not allowed");
  }

  private void assertKept(Path path, String reason) {
    assertThatThrownBy(() -> UnixSocketFile.listen(path))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(path.toString())
        .hasMessageContaining(reason);
    assertThat(Files.exists(path, LinkOption.NOFOLLOW_LINKS)).isTrue();
  }

  @Test
  void aDeadSocketIsReplaced() throws Exception {
    Path path = temporary.resolve("socket");
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(path));
    }

    try (ServerSocketChannel listening = UnixSocketFile.listen(path)) {
      assertThat(listening.isOpen()).isTrue();
      assertKept(path, "somebody listens there already");
    }
  }

  @Test
  void aFifoIsNoSocket() throws Exception {
    Path path = temporary.resolve("fifo");
    make("mkfifo", path.toString());

    assertKept(path, "is no socket");
  }

  @Test
  void aDeviceIsNoSocket() throws Exception {
    Path path = temporary.resolve("device");
    make("mknod", path.toString(), "c", "1", "3");

    assertKept(path, "is no socket");
  }

  @Test
  void aLinkToASocketIsNoSocket() throws Exception {
    Path path = temporary.resolve("link");
    try (ServerSocketChannel target =
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of(temporary.resolve("socket")))) {
      assertThat(target.isOpen()).isTrue();
      Files.createSymbolicLink(path, temporary.resolve("socket"));

      assertKept(path, "is no socket");
    }
  }

  /** A socket of datagrams lives, but connecting to it fails as if it were of the wrong type. */
  @Test
  void aSocketThatCannotBeAskedIsKept() throws Exception {
    Path python = Path.of("/usr/bin/python3");
    assumeTrue(Files.isExecutable(python), python + " is not installed");
    Path path = temporary.resolve("datagrams");
    Process owner =
        new ProcessBuilder(
                python.toString(),
                "-c",
                "import socket, sys\n"
                    + "owner = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                    + "owner.bind(sys.argv[1])\n"
                    + "print('bound', flush=True)\n"
                    + "sys.stdin.read()\n",
                path.toString())
            .start();
    try {
      assumeTrue("bound".equals(owner.inputReader().readLine()), python + " cannot bind");

      assertKept(path, "it cannot be told whether somebody listens there");
    } finally {
      owner.destroyForcibly();
    }
  }
}
