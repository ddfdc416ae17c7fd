package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.examples.nbd.NbdOption;
import io.clonedevice.examples.nbd.NbdOptionReply;
import io.clonedevice.examples.nbd.client.ScriptedServer.Peer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A handshake that goes wrong fails the opening, with a message that says how. */
@Timeout(60)
class HostileHandshakeTest {
  private static final NbdOptions OPTIONS =
      NbdOptions.defaults().connections(1).connectTimeout(Duration.ofSeconds(20));

  @TempDir private Path directory;

  /** Ways to spoil the handshake. */
  enum BadHandshake {
    NOTHING("the server closed the connection", peer -> {}),
    OTHER_PROTOCOL(
        "it begins with 5353482d322e302d",
        peer -> {
          byte[] ssh = "SSH-2.0-OpenSSH_9.2\r\n".getBytes(StandardCharsets.UTF_8);
          peer.write(ByteBuffer.wrap(ssh).position(ssh.length));
          peer.hang();
        }),
    OLD_STYLE(
        "old-style handshake",
        peer -> {
          peer.write(
              ByteBuffer.allocate(152)
                  .putLong(0x4e42444d41474943L)
                  .putLong(0x00420281861253L)
                  .position(152));
          peer.hang();
        }),
    BAD_REPLY_MAGIC(
        "the reply to option 8 begins with 0",
        peer -> {
          peer.greet();
          peer.write(ByteBuffer.allocate(20).position(20));
          peer.hang();
        }),
    REPLY_TO_ANOTHER_OPTION(
        "the reply to option 8 is one to option 3",
        peer -> {
          peer.greet();
          peer.reply(NbdOption.LIST, NbdOptionReply.ACK);
          peer.hang();
        }),
    OVERSIZE_REPLY(
        "has 4294967295 bytes",
        peer -> {
          peer.greet();
          ByteBuffer header = ByteBuffer.allocate(NbdOptionReply.HEADER_SIZE);
          NbdOptionReply.putHeader(header, NbdOption.STRUCTURED_REPLY, NbdOptionReply.ACK, -1);
          peer.write(header);
          peer.hang();
        }),
    ENDLESS_REPLIES(
        "endless replies",
        peer -> {
          peer.greet();
          while (true) {
            peer.reply(NbdOption.STRUCTURED_REPLY, NbdOptionReply.INFO, new byte[100]);
          }
        }),
    NO_SIZE(
        "does not tell the size",
        peer -> {
          peer.greet();
          peer.reply(NbdOption.STRUCTURED_REPLY, NbdOptionReply.ERR_UNSUPPORTED);
          peer.reply(NbdOption.GO, NbdOptionReply.ACK);
          peer.hang();
        }),
    SHORT_INFORMATION(
        "information is too short",
        peer -> {
          peer.greet();
          peer.reply(NbdOption.STRUCTURED_REPLY, NbdOptionReply.ERR_UNSUPPORTED);
          peer.reply(NbdOption.GO, NbdOptionReply.INFO, (byte) 0, (byte) 0, (byte) 1);
          peer.reply(NbdOption.GO, NbdOptionReply.ACK);
          peer.hang();
        }),
    BLOCKS_OF_THREE_BYTES("blocks of 3 bytes", peer -> blockSize(peer, 3, 1 << 20)),
    BLOCKS_OF_64_KIB(
        "blocks of 65536 bytes; at most 4096", peer -> blockSize(peer, 65536, 1 << 20)),
    REQUESTS_SHORTER_THAN_A_BLOCK(
        "takes at most 511 bytes in one request; at least 512 are needed",
        peer -> blockSize(peer, 1, 511)),
    NO_SUCH_EXPORT(
        "export 'disk': the server has no such export (never heard of)",
        peer -> {
          peer.greet();
          peer.reply(NbdOption.STRUCTURED_REPLY, NbdOptionReply.ERR_UNSUPPORTED);
          peer.reply(
              NbdOption.GO,
              NbdOptionReply.ERR_UNKNOWN,
              "never heard of".getBytes(StandardCharsets.UTF_8));
          peer.hang();
        }),
    TLS_DEMANDED(
        "demands TLS: use nbds://",
        peer -> {
          peer.greet();
          peer.reply(NbdOption.STRUCTURED_REPLY, NbdOptionReply.ERR_TLS_REQUIRED);
          peer.reply(NbdOption.GO, NbdOptionReply.ERR_TLS_REQUIRED);
          peer.hang();
        });

    private final String message;
    private final Play play;

    BadHandshake(String message, Play play) {
      this.message = message;
      this.play = play;
    }

    /** What is said. */
    interface Play {
      void on(Peer peer) throws IOException;
    }

    private static void blockSize(Peer peer, int min, int max) throws IOException {
      peer.greet();
      peer.reply(NbdOption.STRUCTURED_REPLY, NbdOptionReply.ERR_UNSUPPORTED);
      byte[] sizes =
          ByteBuffer.allocate(14).putShort((short) 3).putInt(min).putInt(65536).putInt(max).array();
      peer.reply(NbdOption.GO, NbdOptionReply.INFO, peer.exportInfo(1 << 20));
      peer.reply(NbdOption.GO, NbdOptionReply.INFO, sizes);
      peer.reply(NbdOption.GO, NbdOptionReply.ACK);
      peer.hang();
    }
  }

  @ParameterizedTest
  @EnumSource(BadHandshake.class)
  void badHandshakeFailsTheOpening(BadHandshake bad) throws Exception {
    try (ScriptedServer server = server((peer, connection) -> bad.play.on(peer))) {
      assertThatThrownBy(() -> NbdBlockStore.openReadOnly(server.uri(), OPTIONS))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(server.uri().toString())
          .hasMessageContaining(bad.message);
    }
  }

  @Test
  void handshakeThatHangsTimesOut() throws Exception {
    NbdOptions hasty = OPTIONS.connectTimeout(Duration.ofMillis(200));
    try (ScriptedServer server = server((peer, connection) -> peer.hang())) {
      assertThatThrownBy(() -> NbdBlockStore.openReadOnly(server.uri(), hasty))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("no connection within 200 ms");
    }
  }

  private ScriptedServer server(ScriptedServer.Script script) throws IOException {
    return new ScriptedServer(directory, ScriptedServer.ALL_FLAGS, true, script);
  }
}
