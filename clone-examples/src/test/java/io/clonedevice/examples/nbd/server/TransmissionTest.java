package io.clonedevice.examples.nbd.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdContext;
import io.clonedevice.examples.nbd.NbdError;
import io.clonedevice.examples.nbd.NbdReply;
import io.clonedevice.examples.nbd.NbdRequest;
import io.clonedevice.examples.nbd.server.RawClient.Reply;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.FaultyBlockStore;
import io.clonedevice.testing.RecordingBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests and their replies. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TransmissionTest {
  private static final int REGION = ServedClone.REGION;
  private static final int SIZE = 128 * REGION;

  private ServedClone clone;

  private RawClient serve(boolean structured, String... contexts) throws IOException {
    clone = new ServedClone(SIZE);
    return clone.connect().go(structured, contexts);
  }

  /** Begins to serve a clone whose source can be made to fail. */
  private FaultyBlockStore serveFaultySource() throws IOException {
    FaultyBlockStore[] faults = new FaultyBlockStore[1];
    clone =
        new ServedClone(
            SIZE,
            NbdServerOptions.defaults(),
            Hydration.disabled(),
            source -> faults[0] = new FaultyBlockStore(source));
    return faults[0];
  }

  @AfterEach
  void close() throws IOException {
    clone.close();
  }

  // ---- what goes right

  @ParameterizedTest
  @CsvSource({
    "true, 512",
    "true, 4096",
    "true, 300000",
    "true, 8388608",
    "false, 512",
    "false, 300032",
    "false, 8388608"
  })
  void readsOfAnyLengthBringTheBytes(boolean structured, int length) throws IOException {
    try (RawClient client = serve(structured)) {
      int blocks = length & -512;

      assertThat(client.read(0, blocks)).isEqualTo(Arrays.copyOf(clone.content(), blocks));
      assertThat(client.read(SIZE - blocks, blocks))
          .isEqualTo(Arrays.copyOfRange(clone.content(), SIZE - blocks, SIZE));
    }
  }

  @Test
  void unfragmentedReadHasOneChunkOfContent() throws IOException {
    try (RawClient client = serve(true)) {
      assertThat(client.read(0, SIZE, NbdCommand.FLAG_DF)).isEqualTo(clone.content());

      client.request(NbdCommand.READ, NbdCommand.FLAG_DF, 0, SIZE);
      assertThat(client.reply(0).type()).isEqualTo(NbdReply.OFFSET_DATA);
      assertThat(client.reply(0).type()).isEqualTo(NbdReply.NONE);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096, 20_480, 300_032, 1 << 20, 8 << 20})
  void writesOfAnyLengthAreReadBack(int length) throws IOException {
    byte[] expected;
    try (RawClient client = serve(true)) {
      expected = clone.content();
      byte[] data = filled(length, 'W');
      int offset = 512;
      int fitting = Math.min(length, SIZE - offset);
      data = Arrays.copyOf(data, fitting);

      assertThat(client.write(offset, data)).isNull();

      System.arraycopy(data, 0, expected, offset, fitting);
      assertThat(client.read(0, SIZE)).isEqualTo(expected);
    }
  }

  /** Nobody could overtake it; its data may come together with its header. */
  @ParameterizedTest
  @ValueSource(ints = {4096, 300_032, 1 << 20})
  void durableWriteOfASerialClientIsWrittenByTheReader(int length) throws IOException {
    List<String> writers = new CopyOnWriteArrayList<>();
    BlockStore destination =
        new FilterBlockStore(new MemoryBlockStore(SIZE)) {
          @Override
          public Execution execution() {
            return Execution.IO_EXECUTOR;
          }

          @Override
          public void write(long offset, ByteBuffer source) throws IOException {
            writers.add(Thread.currentThread().getName());
            super.write(offset, source);
          }
        };
    clone =
        new ServedClone(
            SIZE, NbdServerOptions.defaults(), Hydration.disabled(), source -> source, destination);
    try (RawClient client = clone.connect().go(true)) {
      byte[] data = filled(length, 'F');
      assertThat(client.ask(NbdCommand.WRITE, NbdCommand.FLAG_FUA, 0, length, data)).isNull();
      assertThat(client.ask(NbdCommand.WRITE, NbdCommand.FLAG_FUA, 0, length, data)).isNull();
    }
    assertThat(writers).isNotEmpty().allMatch(writer -> writer.startsWith("nbd-client"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void durableWriteAndFlushSucceed(boolean structured) throws IOException {
    try (RawClient client = serve(structured)) {
      assertThat(client.ask(NbdCommand.WRITE, NbdCommand.FLAG_FUA, 4096, 4096, filled(4096, 'F')))
          .isNull();
      assertThat(client.ask(NbdCommand.FLUSH, 0, 0, 0)).isNull();
      assertThat(client.ask(NbdCommand.FLUSH, NbdCommand.FLAG_FUA, 0, 0)).isNull();
      assertThat(clone.device().statusNoFlush().hydratedRegions()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, NbdCommand.FLAG_NO_HOLE, NbdCommand.FLAG_FAST_ZERO, NbdCommand.FLAG_FUA})
  void zeroesAreRead(int flags) throws IOException {
    try (RawClient client = serve(true)) {
      int offset = REGION - 512;
      int length = 3 * REGION;
      assertThat(client.ask(NbdCommand.WRITE_ZEROES, flags, offset, length)).isNull();

      byte[] expected = clone.content();
      Arrays.fill(expected, offset, offset + length, (byte) 0);
      assertThat(client.read(0, SIZE)).isEqualTo(expected);
    }
  }

  @Test
  void zeroesAcrossABoundaryWithoutAWholeRegionAreRead() throws IOException {
    try (RawClient client = serve(true)) {
      assertThat(client.ask(NbdCommand.WRITE_ZEROES, 0, REGION - 512, 1024)).isNull();

      byte[] expected = clone.content();
      Arrays.fill(expected, REGION - 512, REGION + 512, (byte) 0);
      assertThat(client.read(0, SIZE)).isEqualTo(expected);
    }
  }

  @Test
  void zeroesAreReadFromADestinationThatDiscardsLargerUnits() throws IOException {
    CloneDevice destination =
        CloneDevice.builder()
            .source(MemoryBlockStore.copyOf(filled(SIZE, 'B')))
            .destination(new MemoryBlockStore(SIZE))
            .metadata(new MemoryBlockStore(MetadataSize.forRegions(SIZE / (2 * REGION))))
            .regionSize(2 * REGION)
            .hydration(Hydration.disabled())
            .open();
    clone =
        new ServedClone(
            SIZE,
            NbdServerOptions.defaults(),
            Hydration.disabled(),
            source -> source,
            destination.blocking());
    try (RawClient client = clone.connect().go(true)) {
      assertThat(client.ask(NbdCommand.WRITE_ZEROES, 0, REGION, 2 * REGION)).isNull();

      assertThat(client.read(REGION, 2 * REGION)).containsOnly(0);
    }
  }

  @Test
  void zeroesThatMustBeWrittenAreNotFast() throws IOException {
    try (RawClient client = serve(true)) {
      int fast = NbdCommand.FLAG_FAST_ZERO;
      assertThat(client.ask(NbdCommand.WRITE_ZEROES, fast, 0, REGION - 512))
          .isEqualTo(NbdError.ENOTSUP);
      assertThat(client.ask(NbdCommand.WRITE_ZEROES, fast | NbdCommand.FLAG_NO_HOLE, 0, 2 * REGION))
          .isEqualTo(NbdError.ENOTSUP);
      assertThat(client.read(0, SIZE)).isEqualTo(clone.content());
    }
  }

  @Test
  void trimHydratesWholeRegionsWithoutACopy() throws IOException {
    try (RawClient client = serve(true)) {
      assertThat(client.ask(NbdCommand.TRIM, NbdCommand.FLAG_FUA, 512, 3 * REGION)).isNull();

      assertThat(clone.device().statusNoFlush().hydratedRegions()).isEqualTo(2);
      assertThat(client.read(0, REGION)).isEqualTo(Arrays.copyOf(clone.content(), REGION));
    }
  }

  @Test
  void cacheIsAHintToHydrate() throws IOException {
    clone =
        new ServedClone(
            SIZE,
            NbdServerOptions.defaults(),
            Hydration.background().threshold(0),
            source -> source);
    try (RawClient client = clone.connect().go(true)) {
      assertThat(client.ask(NbdCommand.CACHE, 0, 0, SIZE)).isNull();
      clone.device().hydrationThreshold(1024);
      clone.device().hydrated().join();

      assertThat(client.read(0, SIZE)).isEqualTo(clone.content());
    }
  }

  @Test
  void blockStatusTellsRunsOfBothContexts() throws IOException {
    try (RawClient client = serve(true, NbdContext.ALLOCATION, NbdContext.HYDRATION)) {
      client.ask(NbdCommand.TRIM, 0, 2 * REGION, REGION);
      client.write(3 * REGION, filled(REGION, 'W'));

      client.request(NbdCommand.BLOCK_STATUS, 0, REGION, 4 * REGION);
      Reply allocation = client.reply(0);
      Reply hydration = client.reply(0);

      assertThat(allocation.isDone()).isFalse();
      assertThat(extents(allocation)).containsExactly(1, REGION, 0, REGION, 3, 2 * REGION, 0);
      assertThat(hydration.isDone()).isTrue();
      assertThat(extents(hydration)).containsExactly(2, REGION, 1, 2 * REGION, 0, REGION, 1);
    }
  }

  @Test
  void blockStatusOfOneExtentIsOne() throws IOException {
    try (RawClient client = serve(true, NbdContext.HYDRATION)) {
      client.write(REGION, filled(REGION, 'W'));

      client.request(NbdCommand.BLOCK_STATUS, NbdCommand.FLAG_REQ_ONE, 512, SIZE - 512);

      assertThat(extents(client.reply(0))).containsExactly(2, REGION - 512, 1);
    }
  }

  private static List<Integer> extents(Reply chunk) {
    assertThat(chunk.type()).isEqualTo(NbdReply.BLOCK_STATUS);
    List<Integer> numbers = new ArrayList<>();
    ByteBuffer payload = chunk.buffer();
    while (payload.hasRemaining()) {
      numbers.add(payload.getInt());
    }
    return numbers;
  }

  @Test
  void flushMakesWritesOfOtherConnectionsDurable() throws IOException {
    try (RawClient writer = serve(true);
        RawClient flusher = clone.connect().go(false)) {
      writer.write(0, filled(REGION, 'W'));
      assertThat(flusher.ask(NbdCommand.FLUSH, 0, 0, 0)).isNull();

      assertThat(flusher.read(0, REGION)).isEqualTo(filled(REGION, 'W'));
    }
  }

  // ---- what goes wrong

  @ParameterizedTest
  @CsvSource({
    "READ, beyond the end, 0, 8388608, 512, EINVAL",
    "READ, across the end, 0, 8388096, 1024, EINVAL",
    "READ, sum overflows, 0, 9223372036854775296, 512, EINVAL",
    "READ, offset of 2^64 - 512, 0, -512, 1024, EINVAL",
    "READ, length of 2^32 - 512, 0, 0, -512, EINVAL",
    "READ, nothing, 0, 0, 0, EINVAL",
    "READ, offset misaligned, 0, 1, 512, EINVAL",
    "READ, length misaligned, 0, 0, 511, EINVAL",
    "READ, unknown flag, 256, 0, 512, EINVAL",
    "READ, flag of another command, 2, 0, 512, EINVAL",
    "WRITE, beyond the end, 0, 8388608, 512, ENOSPC",
    "WRITE, sum overflows, 0, 9223372036854775296, 512, ENOSPC",
    "WRITE, misaligned, 0, 100, 100, EINVAL",
    "WRITE, nothing, 0, 0, 0, EINVAL",
    "WRITE, unknown flag, 64, 0, 512, EINVAL",
    "TRIM, beyond the end, 0, 8388608, 512, EINVAL",
    "TRIM, length of 2^32 - 512, 0, 0, -512, EINVAL",
    "WRITE_ZEROES, across the end, 0, 8388096, 1024, ENOSPC",
    "CACHE, across the end, 0, 8388096, 1024, EINVAL",
    "FLUSH, with a range, 0, 0, 512, EINVAL",
    "BLOCK_STATUS, no context, 0, 0, 512, EINVAL",
    "8, unknown command, 0, 0, 512, EINVAL",
    "65535, unknown command, 0, 0, 512, EINVAL"
  })
  void badRequestsAreRefusedAndTheNextIsServed(
      String command, String what, int flags, long offset, int length, NbdError error)
      throws IOException {
    for (boolean structured : new boolean[] {true, false}) {
      try (RawClient client = serve(structured)) {
        byte[] data = command.equals("WRITE") ? filled(length, 'X') : new byte[0];

        assertThat(client.ask(codeOf(command), flags, offset, length, data))
            .as(what)
            .isEqualTo(error);

        assertThat(client.read(0, 512)).isEqualTo(Arrays.copyOf(clone.content(), 512));
        assertThat(clone.server().status().errors()).isEqualTo(1);
      }
      if (structured) {
        clone.close();
      }
    }
  }

  private static int codeOf(String command) {
    return switch (command) {
      case "READ" -> NbdCommand.READ;
      case "WRITE" -> NbdCommand.WRITE;
      case "FLUSH" -> NbdCommand.FLUSH;
      case "TRIM" -> NbdCommand.TRIM;
      case "CACHE" -> NbdCommand.CACHE;
      case "WRITE_ZEROES" -> NbdCommand.WRITE_ZEROES;
      case "BLOCK_STATUS" -> NbdCommand.BLOCK_STATUS;
      default -> Integer.parseInt(command);
    };
  }

  @Test
  void writeThatIsTooLongIsSkippedAndRefused() throws IOException {
    clone = new ServedClone(33 << 20);
    try (RawClient client = clone.connect().go(true)) {
      assertThat(client.write(0, new byte[33 << 20])).isEqualTo(NbdError.EINVAL);
      assertThat(client.ask(NbdCommand.TRIM, 0, 0, 33 << 20)).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {NbdCommand.WRITE, NbdCommand.TRIM, NbdCommand.WRITE_ZEROES})
  void readOnlyExportRefusesChanges(int command) throws IOException {
    clone = new ServedClone(SIZE, NbdServerOptions.defaults().readOnly(true));
    try (RawClient client = clone.connect().go(true)) {
      byte[] data = command == NbdCommand.WRITE ? new byte[512] : new byte[0];
      assertThat(client.ask(command, 0, 0, 512, data)).isEqualTo(NbdError.EPERM);
      assertThat(client.ask(NbdCommand.FLUSH, 0, 0, 0)).isNull();
      assertThat(client.read(0, SIZE)).isEqualTo(clone.content());
    }
  }

  @Test
  void requestWithoutItsMagicEndsTheConnection() throws IOException {
    try (RawClient client = serve(true)) {
      client.send(ByteBuffer.allocate(NbdRequest.SIZE));

      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void disconnectEndsTheConnectionAfterWhatWasAskedBefore() throws IOException {
    try (RawClient client = serve(true)) {
      long cookie = client.request(NbdCommand.FLUSH, 0, 0, 0);
      client.request(NbdCommand.DISCONNECT, 0, 0, 0);

      assertThat(client.reply(0).cookie()).isEqualTo(cookie);
      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource({"true, 4096", "true, 8388608", "false, 4096"})
  void failureOfTheSourceIsAnErrorAndTheNextRequestIsServed(boolean structured, int length)
      throws IOException {
    FaultyBlockStore source = serveFaultySource();
    try (RawClient client = clone.connect().go(structured)) {
      source.failWhen(call -> call.offset() + call.length() > length - 4096);

      long cookie = client.request(NbdCommand.READ, 0, 0, length);
      Reply reply = client.reply(length);
      while (!reply.isDone()) {
        reply = client.reply(length);
      }

      assertThat(reply.cookie()).isEqualTo(cookie);
      assertThat(reply.nbdError()).isEqualTo(NbdError.EIO);
      source.heal();
      assertThat(client.read(0, length)).isEqualTo(Arrays.copyOf(clone.content(), length));
    }
  }

  @Test
  void failureInTheMiddleOfAnUnfragmentedReadIsToldAfterPadding() throws IOException {
    FaultyBlockStore source = serveFaultySource();
    try (RawClient client = clone.connect().go(true)) {
      source.failWhen(call -> call.offset() + call.length() > SIZE / 2);
      client.request(NbdCommand.READ, NbdCommand.FLAG_DF, 0, SIZE);

      Reply content = client.reply(0);
      Reply error = client.reply(0);

      assertThat(content.payload()).hasSize(NbdReply.DATA_OFFSET_SIZE + SIZE);
      assertThat(error.type()).isEqualTo(NbdReply.ERROR_OFFSET);
      assertThat(error.nbdError()).isEqualTo(NbdError.EIO);
      long offset = error.buffer().getLong(error.payload().length - Long.BYTES);
      assertThat(offset).isPositive().isLessThanOrEqualTo(SIZE / 2);
      assertThat(Arrays.copyOfRange(content.payload(), 8, 8 + (int) offset))
          .isEqualTo(Arrays.copyOf(clone.content(), (int) offset));
    }
  }

  @Test
  void longWriteCopiesNothingButTheRegionsThatItCutsShort() throws IOException {
    FaultyBlockStore source = serveFaultySource();
    try (RawClient client = clone.connect().go(true)) {
      source.failWhen(
          call -> call.offset() + call.length() > REGION && call.offset() < SIZE - REGION);
      byte[] expected = clone.content();
      for (byte value : "UH".getBytes(StandardCharsets.US_ASCII)) {
        Arrays.fill(expected, 512, SIZE - 512, value);

        assertThat(client.write(512, Arrays.copyOfRange(expected, 512, SIZE - 512))).isNull();

        assertThat(client.read(0, SIZE)).isEqualTo(expected);
      }
    }
  }

  /** A connection's buffer that cannot grow has 16 KiB. */
  @ParameterizedTest
  @CsvSource({"67108864, 1048576", "0, 16384"})
  void piecesOfALongWriteEndAtMultiplesOfAMiBOrOfWhatFits(long memoryMax, int multiple)
      throws IOException {
    RecordingBlockStore destination = new RecordingBlockStore(new MemoryBlockStore(SIZE));
    NbdServerOptions options = NbdServerOptions.defaults().memoryMax(memoryMax);
    clone = new ServedClone(SIZE, options, Hydration.disabled(), source -> source, destination);
    try (RawClient client = clone.connect().go(true)) {
      assertThat(client.write(0, filled(SIZE, 'U'))).isNull();
      assertThat(client.write(512, filled(SIZE - 1024, 'H'))).isNull();

      assertThat(destination.calls())
          .hasSizeGreaterThan(1)
          .extracting(call -> call.offset() + call.length())
          .allMatch(end -> end % multiple == 0 || end == SIZE - 512);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 512})
  void failureAtEitherEndOfALongWriteIsAnErrorAndTheNextRequestIsServed(int offset)
      throws IOException {
    FaultyBlockStore source = serveFaultySource();
    try (RawClient client = clone.connect().go(true)) {
      byte[] data = filled(SIZE - 512, 'E');
      source.failAlways();

      assertThat(client.write(offset, data)).isEqualTo(NbdError.EIO);

      source.heal();
      assertThat(client.write(offset, data)).isNull();
      assertThat(client.read(offset, data.length)).isEqualTo(data);
    }
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }
}
