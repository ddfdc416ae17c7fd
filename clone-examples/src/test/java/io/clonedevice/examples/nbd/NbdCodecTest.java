package io.clonedevice.examples.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Messages look on the wire as the protocol says, byte for byte. */
class NbdCodecTest {
  @Test
  void magicNumbersSpellWhatTheyAreCalled() {
    ByteBuffer greeting = ByteBuffer.allocate(16);
    greeting.putLong(NbdHandshake.MAGIC).putLong(NbdHandshake.OPTION_MAGIC);

    assertThat(new String(greeting.array(), StandardCharsets.US_ASCII))
        .isEqualTo("NBDMAGICIHAVEOPT");
  }

  @Test
  void option() {
    ByteBuffer buffer = ByteBuffer.allocate(NbdOption.HEADER_SIZE);
    NbdOption.putHeader(buffer, NbdOption.GO, 6);

    assertThat(hex(buffer)).isEqualTo("49484156454f5054" + "00000007" + "00000006");
  }

  @Test
  void optionReply() {
    ByteBuffer buffer = ByteBuffer.allocate(NbdOptionReply.HEADER_SIZE);
    NbdOptionReply.putHeader(buffer, NbdOption.LIST, NbdOptionReply.ERR_POLICY, 0);

    assertThat(hex(buffer)).isEqualTo("0003e889045565a9" + "00000003" + "80000002" + "00000000");
    assertThat(NbdOptionReply.isError(NbdOptionReply.ERR_POLICY)).isTrue();
    assertThat(NbdOptionReply.isError(NbdOptionReply.ACK)).isFalse();
  }

  @Test
  void requestIsReadAsItWasPut() {
    ByteBuffer buffer = ByteBuffer.allocate(3 + NbdRequest.SIZE).position(3);
    long cookie = 0x8877665544332211L;
    NbdRequest.put(
        buffer, NbdCommand.WRITE, NbdCommand.FLAG_FUA, cookie, 0x1_0000_1000L, 0xF000_0000);

    assertThat(hex(buffer).substring(6))
        .isEqualTo("25609513" + "0001" + "0001" + "8877665544332211" + "0000000100001000f0000000");
    assertThat(NbdRequest.magic(buffer, 3)).isEqualTo(NbdRequest.MAGIC);
    assertThat(NbdRequest.flags(buffer, 3)).isEqualTo(NbdCommand.FLAG_FUA);
    assertThat(NbdRequest.command(buffer, 3)).isEqualTo(NbdCommand.WRITE);
    assertThat(NbdRequest.cookie(buffer, 3)).isEqualTo(cookie);
    assertThat(NbdRequest.offset(buffer, 3)).isEqualTo(0x1_0000_1000L);
    assertThat(NbdRequest.length(buffer, 3)).isEqualTo(0xF000_0000L);
  }

  @Test
  void flagsAndCommandAreUnsigned() {
    ByteBuffer buffer = ByteBuffer.allocate(NbdRequest.SIZE);
    NbdRequest.put(buffer, 0xFFFF, 0x8000, 0, 0, 0);

    assertThat(NbdRequest.command(buffer, 0)).isEqualTo(0xFFFF);
    assertThat(NbdRequest.flags(buffer, 0)).isEqualTo(0x8000);
  }

  @Test
  void simpleReply() {
    ByteBuffer buffer = ByteBuffer.allocate(NbdReply.SIMPLE_SIZE);
    NbdReply.putSimple(buffer, NbdError.ENOSPC.code(), 7);

    assertThat(hex(buffer)).isEqualTo("67446698" + "0000001c" + "0000000000000007");
  }

  @Test
  void chunk() {
    ByteBuffer buffer = ByteBuffer.allocate(NbdReply.CHUNK_SIZE);
    NbdReply.putChunk(buffer, NbdReply.FLAG_DONE, NbdReply.ERROR_OFFSET, 7, 14);

    assertThat(hex(buffer))
        .isEqualTo("668e33ef" + "0001" + "8002" + "0000000000000007" + "0000000e");
  }

  @Test
  void errorsOutsideTheProtocolCountAsInvalid() {
    assertThat(NbdError.of(5)).isEqualTo(NbdError.EIO);
    assertThat(NbdError.of(108)).isEqualTo(NbdError.ESHUTDOWN);
    assertThat(NbdError.of(11)).isEqualTo(NbdError.EINVAL);
  }

  private static String hex(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.get(0, bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
