package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.examples.nbd.NbdReply;
import io.clonedevice.examples.nbd.client.ScriptedServer.Asked;
import io.clonedevice.examples.nbd.client.ScriptedServer.Peer;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.Extent;
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

/** What a server must not do ends in a clear exception: no hang, no wrong data, no large memory. */
@Timeout(60)
class HostileServerTest {
  private static final NbdOptions OPTIONS =
      NbdOptions.defaults()
          .connections(1)
          .connectTimeout(Duration.ofSeconds(20))
          .reconnectDelayMax(Duration.ofMillis(10));

  @TempDir private Path directory;

  /** Ways to answer a read of 4096 bytes at byte 8192 wrongly. */
  enum BadReply {
    BAD_MAGIC(
        "a reply begins with deadbeef",
        (peer, asked) -> peer.write(ByteBuffer.allocate(16).putInt(0xdeadbeef).position(16))),
    WRONG_COOKIE(
        "a reply has cookie",
        (peer, asked) -> peer.chunk(1, NbdReply.OFFSET_DATA, asked.cookie() + 1, peer.data(asked))),
    COOKIE_OF_NO_SLOT(
        "a reply has cookie ffffffffffffffff",
        (peer, asked) -> peer.chunk(1, NbdReply.OFFSET_DATA, -1, peer.data(asked))),
    OVERSIZE_CHUNK(
        "the reply has 4294967287 bytes at byte 8192",
        (peer, asked) -> {
          peer.chunkHeader(1, NbdReply.OFFSET_DATA, asked.cookie(), -1);
          peer.write(ByteBuffer.allocate(8).putLong(asked.offset()));
        }),
    DATA_BEFORE_THE_RANGE(
        "the reply has 4096 bytes at byte 7680",
        (peer, asked) ->
            peer.chunk(1, NbdReply.OFFSET_DATA, asked.cookie(), dataAt(8192 - 512, 4096))),
    DATA_BEHIND_THE_RANGE(
        "the reply has 4096 bytes at byte 8704",
        (peer, asked) ->
            peer.chunk(1, NbdReply.OFFSET_DATA, asked.cookie(), dataAt(8192 + 512, 4096))),
    OFFSET_BEYOND_ALL(
        "at byte -1",
        (peer, asked) -> peer.chunk(1, NbdReply.OFFSET_DATA, asked.cookie(), dataAt(-1, 4096))),
    SAME_DATA_TWICE(
        "the reply has 4096 bytes at byte 8192",
        (peer, asked) -> {
          peer.chunk(0, NbdReply.OFFSET_DATA, asked.cookie(), peer.data(asked));
          peer.chunk(1, NbdReply.OFFSET_DATA, asked.cookie(), peer.data(asked));
        }),
    SHORT_STRUCTURED_REPLY(
        "the reply has 512 bytes",
        (peer, asked) -> peer.chunk(1, NbdReply.OFFSET_DATA, asked.cookie(), dataAt(8192, 512))),
    NOTHING_AT_ALL(
        "the reply has 0 bytes", (peer, asked) -> peer.chunk(1, NbdReply.NONE, asked.cookie())),
    EMPTY_DATA(
        "a chunk of data without data",
        (peer, asked) -> peer.chunk(1, NbdReply.OFFSET_DATA, asked.cookie(), new byte[8])),
    NONE_THAT_IS_NOT_LAST(
        "a chunk without payload has one, or is not the last",
        (peer, asked) -> peer.chunk(0, NbdReply.NONE, asked.cookie())),
    HOLE_LARGER_THAN_THE_RANGE(
        "the reply has 4294967295 bytes at byte 8192",
        (peer, asked) -> {
          byte[] payload = ByteBuffer.allocate(12).putLong(8192).putInt(-1).array();
          peer.chunk(1, NbdReply.OFFSET_HOLE, asked.cookie(), payload);
        }),
    HOLE_OF_ANOTHER_LENGTH(
        "a hole of another length",
        (peer, asked) -> peer.chunk(1, NbdReply.OFFSET_HOLE, asked.cookie(), new byte[16])),
    UNKNOWN_CHUNK(
        "chunk of unknown type 77",
        (peer, asked) -> peer.chunk(1, 77, asked.cookie(), new byte[100])),
    STATUS_OF_A_READ(
        "a block status of 12 bytes",
        (peer, asked) -> peer.chunk(1, NbdReply.BLOCK_STATUS, asked.cookie(), new byte[12])),
    SIMPLE_REPLY(
        "a simple reply to a read, after chunks were agreed on",
        (peer, asked) -> peer.simple(0, asked.cookie(), new byte[4096])),
    OVERSIZE_ERROR(
        "an error of 1000000 bytes",
        (peer, asked) -> peer.chunkHeader(1, NbdReply.ERROR, asked.cookie(), 1_000_000)),
    ERROR_WITH_TOO_LONG_TEXT(
        "an error's text is cut off",
        (peer, asked) -> {
          byte[] payload = ByteBuffer.allocate(10).putInt(5).putShort((short) 5).array();
          peer.chunk(1, NbdReply.ERROR, asked.cookie(), payload);
        });

    private final String message;
    private final Answer answer;

    BadReply(String message, Answer answer) {
      this.message = message;
      this.answer = answer;
    }

    /** What is sent. */
    interface Answer {
      void send(Peer peer, Asked asked) throws IOException;
    }

    private static byte[] dataAt(long offset, int length) {
      return ByteBuffer.allocate(8 + length).putLong(offset).array();
    }
  }

  @ParameterizedTest
  @EnumSource(BadReply.class)
  void badReplyFailsTheReadAndTheNextConnectionIsUsed(BadReply bad) throws Exception {
    try (ScriptedServer server =
            structured(
                (peer, connection) -> {
                  if (connection > 0) {
                    peer.behave();
                  }
                  peer.handshake();
                  bad.answer.send(peer, peer.next());
                  peer.hang();
                });
        NbdBlockStore store = NbdBlockStore.openReadOnly(server.uri(), OPTIONS)) {
      assertThatThrownBy(() -> store.read(8192, ByteBuffer.allocate(4096)))
          .isInstanceOfSatisfying(
              BlockIoException.class,
              e -> {
                assertThat(e.operation()).isEqualTo(Operation.READ);
                assertThat(e.offset()).isEqualTo(8192);
                assertThat(e.length()).isEqualTo(4096);
                assertThat(e.store()).isEqualTo(server.uri().toString());
              })
          .hasCauseInstanceOf(NbdProtocolException.class)
          .hasMessageContaining(bad.message);

      assertReads(store, 8192, 4096);
    }
  }

  /** Ways to answer a block status wrongly. */
  enum BadStatus {
    OTHER_CONTEXT("status in context 8", 8, 4096, 0),
    EMPTY_EXTENT("an extent without length", ScriptedServer.CONTEXT, 0, 0),
    HALF_AN_EXTENT("a block status of 8 bytes", ScriptedServer.CONTEXT, 4096);

    private final String message;
    private final byte[] payload;

    BadStatus(String message, int... words) {
      this.message = message;
      ByteBuffer bytes = ByteBuffer.allocate(4 * words.length);
      bytes.asIntBuffer().put(words);
      this.payload = bytes.array();
    }
  }

  @ParameterizedTest
  @EnumSource(BadStatus.class)
  void badBlockStatusFails(BadStatus bad) throws Exception {
    try (ScriptedServer server =
            structured(
                (peer, connection) -> {
                  peer.handshake();
                  peer.chunk(1, NbdReply.BLOCK_STATUS, peer.next().cookie(), bad.payload);
                  peer.hang();
                });
        NbdBlockStore store = NbdBlockStore.openReadOnly(server.uri(), OPTIONS)) {
      assertThatThrownBy(() -> store.extentAt(0, 4096))
          .isInstanceOf(BlockIoException.class)
          .hasCauseInstanceOf(NbdProtocolException.class)
          .hasMessageContaining(bad.message);
    }
  }

  @Test
  void extentsOfOneKindAreJoinedAndPartsOfABlockAreData() throws Exception {
    byte[] payload =
        ByteBuffer.allocate(4 + 4 * 8)
            .putInt(ScriptedServer.CONTEXT)
            .putInt(4096)
            .putInt(3)
            .putInt(4096 + 100)
            .putInt(2)
            .putInt(8192)
            .putInt(0)
            .putInt(4096)
            .putInt(3)
            .array();
    try (ScriptedServer server =
            structured(
                (peer, connection) -> {
                  peer.handshake();
                  peer.chunk(1, NbdReply.BLOCK_STATUS, peer.next().cookie(), payload);
                  byte[] partOfABlock =
                      ByteBuffer.allocate(12)
                          .putInt(ScriptedServer.CONTEXT)
                          .putInt(100)
                          .putInt(3)
                          .array();
                  peer.chunk(1, NbdReply.BLOCK_STATUS, peer.next().cookie(), partOfABlock);
                  peer.hang();
                });
        NbdBlockStore store = NbdBlockStore.openReadOnly(server.uri(), OPTIONS)) {
      assertThat(store.extentAt(0, 65536)).isEqualTo(new Extent(0, 8192, Extent.Kind.HOLE));
      assertThat(store.extentAt(8192, 65536)).isEqualTo(new Extent(8192, 512, Extent.Kind.DATA));
    }
  }

  @Test
  void errorsOfTheServerAreToldInItsWords() throws Exception {
    try (ScriptedServer server =
            structured(
                (peer, connection) -> {
                  peer.handshake();
                  byte[] said = "head crash".getBytes(StandardCharsets.UTF_8);
                  byte[] payload =
                      ByteBuffer.allocate(6 + said.length + 8)
                          .putInt(5)
                          .putShort((short) said.length)
                          .put(said)
                          .putLong(8192)
                          .array();
                  peer.chunk(1, NbdReply.ERROR_OFFSET, peer.next().cookie(), payload);
                  peer.simple(28, peer.next().cookie());
                  peer.chunk(1, NbdReply.ERROR_BIT | 99, peer.next().cookie(), payload);
                  peer.answer(peer.next());
                  peer.hang();
                });
        NbdBlockStore store = NbdBlockStore.open(server.uri(), OPTIONS)) {
      assertThatThrownBy(() -> store.read(8192, ByteBuffer.allocate(4096)))
          .isInstanceOf(BlockIoException.class)
          .hasCauseInstanceOf(NbdErrorException.class)
          .hasMessageContaining("EIO: head crash");
      assertThatThrownBy(() -> store.write(8192, ByteBuffer.allocate(4096)))
          .isInstanceOf(BlockIoException.class)
          .hasMessageContaining("the server reports ENOSPC");
      assertThatThrownBy(() -> store.read(8192, ByteBuffer.allocate(4096)))
          .as("an error of a kind that does not exist yet")
          .hasMessageContaining("EIO: head crash");
      assertReads(store, 8192, 4096);
      assertThat(server.connectionCount()).isEqualTo(1);
    }
  }

  @Test
  void piecesOfAReadArriveInAnyOrder() throws Exception {
    try (ScriptedServer server =
            structured(
                (peer, connection) -> {
                  peer.handshake();
                  Asked first = peer.next();
                  Asked second = peer.next();
                  byte[] tail = ScriptedServer.content(first.offset() + 2048, 2048);
                  byte[] payload =
                      ByteBuffer.allocate(8 + 2048)
                          .putLong(first.offset() + 2048)
                          .put(tail)
                          .array();
                  peer.chunk(0, NbdReply.OFFSET_DATA, first.cookie(), payload);
                  peer.chunk(1, NbdReply.OFFSET_DATA, second.cookie(), peer.data(second));
                  byte[] hole =
                      ByteBuffer.allocate(12).putLong(first.offset()).putInt(2048).array();
                  peer.chunk(0, NbdReply.OFFSET_HOLE, first.cookie(), hole);
                  peer.chunk(1, NbdReply.NONE, first.cookie());
                  peer.hang();
                });
        NbdBlockStore store = NbdBlockStore.openReadOnly(server.uri(), OPTIONS)) {
      Waiter first = new Waiter();
      Waiter second = new Waiter();
      byte[] bytes = ScriptedServer.content(1, 4096); // anything but zeroes
      ByteBuffer one = ByteBuffer.wrap(bytes);
      ByteBuffer two = ByteBuffer.allocateDirect(65536);
      store.readAsync(512, one, first);
      store.readAsync(65536, two, second);
      first.await();
      second.await();
      byte[] expected = ScriptedServer.content(512, 4096);
      java.util.Arrays.fill(expected, 0, 2048, (byte) 0);
      assertThat(bytes).isEqualTo(expected);
      assertThat(one.hasRemaining()).isFalse();
      assertThat(two.flip()).isEqualTo(ByteBuffer.wrap(ScriptedServer.content(65536, 65536)));
    }
  }

  @Test
  void readIsRepeatedAsOftenAsTheServerClosesInTheMiddleOfTheReply() throws Exception {
    try (ScriptedServer server =
            structured(
                (peer, connection) -> {
                  if (connection == 3) {
                    peer.behave();
                  }
                  peer.handshake();
                  Asked asked = peer.next();
                  peer.chunkHeader(1, NbdReply.OFFSET_DATA, asked.cookie(), 8 + asked.length());
                  peer.write(ByteBuffer.allocate(8 + 100).putLong(asked.offset()).position(108));
                });
        NbdBlockStore store = NbdBlockStore.openReadOnly(server.uri(), OPTIONS)) {
      assertReads(store, 8192, 4096);
      assertThat(server.connectionCount()).isEqualTo(4);
    }
  }

  private ScriptedServer structured(ScriptedServer.Script script) throws IOException {
    return new ScriptedServer(directory, ScriptedServer.ALL_FLAGS, true, script);
  }

  static void assertReads(NbdBlockStore store, long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    store.read(offset, bytes);
    assertThat(bytes.array()).isEqualTo(ScriptedServer.content(offset, length));
  }
}
