package io.clonedevice.examples.nbd.server;

import static io.clonedevice.examples.nbd.server.RawClient.contextData;
import static io.clonedevice.examples.nbd.server.RawClient.infoData;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdContext;
import io.clonedevice.examples.nbd.NbdExportFlags;
import io.clonedevice.examples.nbd.NbdHandshake;
import io.clonedevice.examples.nbd.NbdInfo;
import io.clonedevice.examples.nbd.NbdOption;
import io.clonedevice.examples.nbd.NbdOptionReply;
import io.clonedevice.examples.nbd.server.RawClient.OptionReply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said before transmission, by clients that keep to the protocol and others. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HandshakeTest {
  private static final int SIZE = 4 * ServedClone.REGION;
  private static final int UNKNOWN_OPTION = 0x7777;

  private ServedClone clone;

  private RawClient serve(NbdServerOptions options) throws IOException {
    clone = new ServedClone(SIZE, options);
    return clone.connect();
  }

  private RawClient serve() throws IOException {
    return serve(NbdServerOptions.defaults());
  }

  @AfterEach
  void close() throws IOException {
    clone.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1 << 2, 1 << 31, -1})
  void unknownClientFlagsEndTheConnection(int flags) throws IOException {
    try (RawClient client = serve().greet(flags)) {
      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void optionWithoutItsMagicEndsTheConnection() throws IOException {
    try (RawClient client = serve().greet()) {
      client.send(ByteBuffer.allocate(NbdOption.HEADER_SIZE));

      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {(64 << 10) + 1, Integer.MAX_VALUE, -1})
  void optionThatIsTooLongEndsTheConnection(int length) throws IOException {
    try (RawClient client = serve().greet()) {
      ByteBuffer header = ByteBuffer.allocate(NbdOption.HEADER_SIZE);
      NbdOption.putHeader(header, UNKNOWN_OPTION, length);
      client.send(header.flip());

      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void unknownOptionIsRefusedAndItsDataSkipped() throws IOException {
    try (RawClient client = serve().greet()) {
      assertThat(client.optionType(UNKNOWN_OPTION, new byte[60_000]))
          .isEqualTo(NbdOptionReply.ERR_UNSUPPORTED);
      assertThat(client.optionType(NbdOption.EXTENDED_HEADERS))
          .isEqualTo(NbdOptionReply.ERR_UNSUPPORTED);
      assertThat(client.optionType(NbdOption.LIST)).isEqualTo(NbdOptionReply.ACK);
    }
  }

  @Test
  void endlessOptionsEndTheConnection() throws IOException {
    try (RawClient client = serve().greet()) {
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 1000; i++) {
                  client.option(UNKNOWN_OPTION);
                }
              })
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void halfAnOptionThenSilenceEndsTheConnection() throws IOException {
    NbdServerOptions options = NbdServerOptions.defaults().handshakeTimeout(Duration.ofMillis(50));
    try (RawClient client = serve(options).greet()) {
      client.send(ByteBuffer.allocate(7));

      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void abortIsAcknowledged() throws IOException {
    try (RawClient client = serve().greet()) {
      assertThat(client.optionType(NbdOption.ABORT)).isEqualTo(NbdOptionReply.ACK);
      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void listShowsTheExport() throws IOException {
    NbdServerOptions options =
        NbdServerOptions.defaults().exportName("größe").description("a clone");
    try (RawClient client = serve(options).greet()) {
      List<OptionReply> replies = client.option(NbdOption.LIST);

      assertThat(replies).hasSize(2);
      ByteBuffer export = replies.get(0).buffer();
      byte[] name = new byte[export.getInt()];
      export.get(name);
      assertThat(new String(name, StandardCharsets.UTF_8)).isEqualTo("größe");
      assertThat(StandardCharsets.UTF_8.decode(export).toString()).isEqualTo("a clone");
      assertThat(client.optionType(NbdOption.LIST, (byte) 1)).isEqualTo(NbdOptionReply.ERR_INVALID);
    }
  }

  @Test
  void infoTellsSizeFlagsAndBlockSize() throws IOException {
    try (RawClient client = serve().greet()) {
      List<OptionReply> replies =
          client.option(NbdOption.INFO, infoData("", NbdInfo.BLOCK_SIZE, NbdInfo.NAME, 99));

      assertThat(replies)
          .extracting(
              reply -> reply.type() == NbdOptionReply.INFO ? (int) reply.buffer().getShort() : -1)
          .containsExactly(NbdInfo.EXPORT, NbdInfo.NAME, NbdInfo.BLOCK_SIZE, -1);
      ByteBuffer export = replies.get(0).buffer();
      assertThat(export.getLong(2)).isEqualTo(SIZE);
      assertThat(export.getShort(10) & NbdExportFlags.CAN_MULTI_CONN).isNotZero();
      assertThat(export.getShort(10) & NbdExportFlags.SEND_DF).isZero();
      ByteBuffer blockSize = replies.get(2).buffer();
      assertThat(blockSize.getInt(2)).isEqualTo(512);
      assertThat(blockSize.getInt(6)).isEqualTo(ServedClone.REGION);
      assertThat(blockSize.getInt(10)).isEqualTo(32 << 20);
    }
  }

  @Test
  void anotherExportIsUnknownAndTheClientMayTryAgain() throws IOException {
    try (RawClient client = serve().greet()) {
      assertThat(client.optionType(NbdOption.GO, infoData("other")))
          .isEqualTo(NbdOptionReply.ERR_UNKNOWN);
      assertThat(client.optionType(NbdOption.GO, infoData(""))).isEqualTo(NbdOptionReply.ACK);
      assertThat(client.read(0, 512)).hasSize(512);
    }
  }

  @Test
  void malformedDataIsInvalidAndTheClientMayTryAgain() throws IOException {
    byte[] nameTooLong = ByteBuffer.allocate(6).putInt(4097).array();
    byte[] nameBeyondData = ByteBuffer.allocate(6).putInt(3).array();
    byte[] countBeyondData = ByteBuffer.allocate(6).putInt(0).putShort((short) -1).array();
    byte[] notUtf8 = ByteBuffer.allocate(7).putInt(1).put((byte) 0xFF).array();
    byte[] holdsNul = infoData("a\0b");
    byte[] tooMuch = ByteBuffer.allocate(8).array();
    try (RawClient client = serve().greet()) {
      for (byte[] data :
          List.of(
              new byte[0],
              nameTooLong,
              nameBeyondData,
              countBeyondData,
              notUtf8,
              holdsNul,
              tooMuch)) {
        assertThat(client.optionType(NbdOption.INFO, data))
            .as(Arrays.toString(data))
            .isEqualTo(NbdOptionReply.ERR_INVALID);
      }
      assertThat(client.optionType(NbdOption.INFO, infoData(""))).isEqualTo(NbdOptionReply.ACK);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void exportNameBeginsTransmission(boolean noZeroes) throws IOException {
    int flags = NbdHandshake.CLIENT_FIXED_NEWSTYLE | (noZeroes ? NbdHandshake.CLIENT_NO_ZEROES : 0);
    try (RawClient client = serve().greet(flags)) {
      client.sendOption(NbdOption.EXPORT_NAME, new byte[0]);

      assertThat(client.receive(10).getLong()).isEqualTo(SIZE);
      if (!noZeroes) {
        assertThat(client.receive(124).array()).containsOnly(0);
      }
      assertThat(client.read(512, 1024)).hasSize(1024);
    }
  }

  @Test
  void exportNameOfAnotherExportEndsTheConnection() throws IOException {
    try (RawClient client = serve().greet()) {
      client.sendOption(NbdOption.EXPORT_NAME, new byte[] {'x'});

      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void contextsNeedStructuredReplies() throws IOException {
    try (RawClient client = serve().greet()) {
      assertThat(client.optionType(NbdOption.LIST_META_CONTEXT, contextData("")))
          .isEqualTo(NbdOptionReply.ERR_INVALID);
      assertThat(client.optionType(NbdOption.SET_META_CONTEXT, contextData("")))
          .isEqualTo(NbdOptionReply.ERR_INVALID);
    }
  }

  @Test
  void contextsAreListedByNamespaceAndChosenByName() throws IOException {
    try (RawClient client = serve().greet()) {
      client.option(NbdOption.STRUCTURED_REPLY);

      assertThat(contexts(client, NbdOption.LIST_META_CONTEXT))
          .containsExactly(NbdContext.ALLOCATION, NbdContext.HYDRATION);
      assertThat(contexts(client, NbdOption.LIST_META_CONTEXT, "base:"))
          .containsExactly(NbdContext.ALLOCATION);
      assertThat(contexts(client, NbdOption.LIST_META_CONTEXT, "qemu:", "x-clonedevice:"))
          .containsExactly(NbdContext.HYDRATION);
      assertThat(contexts(client, NbdOption.SET_META_CONTEXT, "base:")).isEmpty();
      assertThat(
              contexts(
                  client,
                  NbdOption.SET_META_CONTEXT,
                  NbdContext.HYDRATION,
                  "qemu:dirty-bitmap:x",
                  NbdContext.ALLOCATION))
          .containsExactlyInAnyOrder(NbdContext.ALLOCATION, NbdContext.HYDRATION);
    }
  }

  @Test
  void contextsThatWereChosenWithAFailureAreNotChosen() throws IOException {
    try (RawClient client = serve().greet()) {
      client.option(NbdOption.STRUCTURED_REPLY);
      assertThat(contexts(client, NbdOption.SET_META_CONTEXT, NbdContext.ALLOCATION)).hasSize(1);
      assertThat(
              client.optionType(
                  NbdOption.SET_META_CONTEXT, contextData("other", NbdContext.ALLOCATION)))
          .isEqualTo(NbdOptionReply.ERR_UNKNOWN);
      client.option(NbdOption.GO, infoData(""));

      assertThat(client.ask(NbdCommand.BLOCK_STATUS, 0, 0, 512)).isNotNull();
    }
  }

  private static List<String> contexts(RawClient client, int option, String... queries)
      throws IOException {
    return client.option(option, contextData("", queries)).stream()
        .filter(reply -> reply.type() == NbdOptionReply.META_CONTEXT)
        .map(reply -> reply.text().substring(4))
        .toList();
  }

  @Test
  void tlsThatIsNotThereIsRefused() throws IOException {
    try (RawClient client = serve().greet()) {
      assertThat(client.optionType(NbdOption.STARTTLS)).isEqualTo(NbdOptionReply.ERR_POLICY);
    }
  }

  @Test
  void withoutTlsNothingIsServedWhereItIsRequired() throws IOException {
    NbdServerOptions options = NbdServerOptions.defaults().tls(plain -> plain, true);
    try (RawClient client = serve(options).greet()) {
      assertThat(client.optionType(NbdOption.LIST)).isEqualTo(NbdOptionReply.ERR_TLS_REQUIRED);
      assertThat(client.optionType(NbdOption.GO, infoData("")))
          .isEqualTo(NbdOptionReply.ERR_TLS_REQUIRED);
      assertThat(client.optionType(UNKNOWN_OPTION)).isEqualTo(NbdOptionReply.ERR_TLS_REQUIRED);
      assertThat(client.optionType(NbdOption.STARTTLS, (byte) 0))
          .isEqualTo(NbdOptionReply.ERR_INVALID);
      assertThat(client.optionType(NbdOption.STARTTLS)).isEqualTo(NbdOptionReply.ACK);
      assertThat(client.optionType(NbdOption.STARTTLS)).isEqualTo(NbdOptionReply.ERR_INVALID);
      assertThat(client.optionType(NbdOption.GO, infoData(""))).isEqualTo(NbdOptionReply.ACK);
    }
    try (RawClient client = clone.connect().greet()) {
      client.sendOption(NbdOption.EXPORT_NAME, new byte[0]);
      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void whatWasSaidBeforeTlsIsForgotten() throws IOException {
    NbdServerOptions options = NbdServerOptions.defaults().tls(plain -> plain, false);
    try (RawClient client = serve(options).greet()) {
      client.option(NbdOption.STRUCTURED_REPLY);
      client.option(NbdOption.STARTTLS);

      assertThat(client.optionType(NbdOption.LIST_META_CONTEXT, contextData("")))
          .isEqualTo(NbdOptionReply.ERR_INVALID);
    }
  }

  @Test
  void clientsBeyondTheLimitAreTurnedAway() throws IOException {
    try (RawClient first = serve(NbdServerOptions.defaults().connectionsMax(1)).go(false);
        RawClient second = clone.connect()) {
      assertThat(second.isClosedByServer()).isTrue();
      assertThat(first.read(0, 512)).hasSize(512);
    }
  }
}
