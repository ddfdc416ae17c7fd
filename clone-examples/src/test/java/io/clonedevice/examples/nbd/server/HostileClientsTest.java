package io.clonedevice.examples.nbd.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdContext;
import io.clonedevice.examples.nbd.NbdRequest;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.GatedBlockStore;
import io.clonedevice.testing.RecordingBlockStore;
import io.clonedevice.testing.StoreCall;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that do their worst; the others do not notice. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileClientsTest {
  private static final int REGION = ServedClone.REGION;
  private static final int SIZE = 64 * REGION;

  private ServedClone clone;

  @AfterEach
  void close() throws IOException {
    clone.close();
    assertThat(clone.server().status().connections()).isZero();
  }

  private void assertOthersAreServed() throws IOException {
    try (RawClient other = clone.connect().go(true)) {
      assertThat(other.read(0, SIZE)).isEqualTo(clone.content());
      assertThat(other.ask(NbdCommand.FLUSH, 0, 0, 0)).isNull();
    }
  }

  @Test
  void aThousandClientsAreServedAtOnce() throws IOException {
    clone = new ServedClone(SIZE);
    List<RawClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 1000; i++) {
        clients.add(clone.connect());
      }
      for (RawClient client : clients) {
        client.go(true);
      }
      assertThat(clone.server().status().connections()).isEqualTo(1000);
      for (RawClient client : clients) {
        client.request(NbdCommand.READ, 0, 0, 4096);
      }
      byte[] expected = Arrays.copyOf(clone.content(), 4096);
      for (RawClient client : clients) {
        byte[] payload = client.reply(0).payload();
        assertThat(Arrays.copyOfRange(payload, 8, payload.length)).isEqualTo(expected);
      }
      assertOthersAreServed();
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void clientsThatNeverReadTheirRepliesKeepNobodyWaiting() throws IOException {
    clone = new ServedClone(SIZE);
    List<RawClient> deaf = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        RawClient client = clone.connect().go(i % 2 == 0, i % 2 == 0 ? HYDRATION : NONE);
        deaf.add(client);
        // More than a socket holds, both of what the reader sends and of what helpers send.
        for (int request = 0; request < 16; request++) {
          client.request(NbdCommand.READ, 0, 0, 1 << 20);
          if (i % 2 == 0) {
            client.request(NbdCommand.BLOCK_STATUS, 0, 0, SIZE);
          } else {
            client.request(NbdCommand.FLUSH, 0, 0, 0);
          }
        }
      }
      assertOthersAreServed();
    } finally {
      for (RawClient client : deaf) {
        client.close();
      }
    }
  }

  private static final String[] HYDRATION = {NbdContext.HYDRATION};
  private static final String[] NONE = {};

  @Test
  void memoryThatIsUsedUpMakesOthersSlowerNotWrong() throws Exception {
    GatedBlockStore[] gate = new GatedBlockStore[1];
    clone =
        new ServedClone(
            SIZE,
            NbdServerOptions.defaults().memoryMax(0),
            Hydration.disabled(),
            source -> gate[0] = new GatedBlockStore(source));
    byte[] data = new byte[1 << 20];
    new Random(1).nextBytes(data);
    try (RawClient client = clone.connect().go(true);
        RawClient plain = clone.connect().go(false)) {
      byte[] expected = clone.content();

      assertThat(client.read(0, SIZE)).isEqualTo(expected);
      assertThat(plain.read(0, SIZE)).isEqualTo(expected);
      assertThat(client.write(512, data)).isNull();

      System.arraycopy(data, 0, expected, 512, data.length);
      assertThat(plain.read(0, SIZE)).isEqualTo(expected);
      assertThat(client.read(0, SIZE, NbdCommand.FLAG_DF)).isEqualTo(expected);
    }
  }

  @Test
  void silentClientsLeaveRoomForLongRequestsOfOthers() throws IOException {
    RecordingBlockStore destination = new RecordingBlockStore(new MemoryBlockStore(SIZE));
    clone =
        new ServedClone(
            SIZE,
            NbdServerOptions.defaults().memoryMax(8 << 20),
            Hydration.disabled(),
            source -> source,
            destination);
    byte[] data = new byte[1 << 20];
    List<RawClient> silent = new ArrayList<>();
    try {
      for (int i = 0; i < 16; i++) {
        RawClient client = clone.connect().go(false);
        silent.add(client);
        assertThat(client.write(0, data)).isNull();
        client.read(0, data.length);
        // With its reply the long ones are over for the server too.
        client.read(0, 512);
      }
      int before = destination.calls().size();
      try (RawClient other = clone.connect().go(false)) {
        assertThat(other.write(0, data)).isNull();
      }

      List<StoreCall> calls = destination.calls();
      assertThat(calls.subList(before, calls.size()))
          .filteredOn(call -> call.operation() == Operation.WRITE)
          .extracting(StoreCall::length)
          .containsExactly(1L << 20);
    } finally {
      for (RawClient client : silent) {
        client.close();
      }
    }
  }

  @Test
  void clientsThatVanishInTheMiddleOfAnythingLeaveNothingBehind() throws IOException {
    clone = new ServedClone(SIZE);
    ByteBuffer write = ByteBuffer.allocate(NbdRequest.SIZE + 1000);
    NbdRequest.put(write, NbdCommand.WRITE, 0, 1, 0, 4 << 20);
    for (int cut : new int[] {0, 1, 27, 28, 29, NbdRequest.SIZE + 1000}) {
      RawClient client = clone.connect().go(true);
      client.send(write.duplicate().position(0).limit(cut));
      client.close();
    }
    for (int replies = 0; replies < 20; replies++) {
      RawClient client = clone.connect().go(true);
      client.request(NbdCommand.READ, 0, 0, 1 << 20);
      client.request(NbdCommand.FLUSH, 0, 0, 0);
      client.close();
    }
    assertOthersAreServed();
  }

  @Test
  void halfARequestThenSilenceKeepsNobodyWaiting() throws IOException {
    clone = new ServedClone(SIZE);
    List<RawClient> silent = new ArrayList<>();
    try {
      for (int i = 0; i < 50; i++) {
        RawClient client = clone.connect().go(true);
        ByteBuffer write = ByteBuffer.allocate(NbdRequest.SIZE);
        NbdRequest.put(write, NbdCommand.WRITE, 0, 1, 0, 1 << 20);
        client.send(write.flip().limit(i % 2 == 0 ? 13 : NbdRequest.SIZE));
        silent.add(client);
      }
      assertOthersAreServed();
    } finally {
      for (RawClient client : silent) {
        client.close();
      }
    }
  }

  @Test
  void noiseEndsOnlyTheConnectionThatMakesIt() throws IOException {
    clone = new ServedClone(SIZE);
    Random random = new Random(7);
    for (int i = 0; i < 50; i++) {
      byte[] noise = new byte[1 + random.nextInt(4096)];
      random.nextBytes(noise);
      try (RawClient client = i % 2 == 0 ? clone.connect() : clone.connect().go(true)) {
        client.send(ByteBuffer.wrap(noise));
      } catch (IOException closedByServer) {
        assertThat(closedByServer).hasMessageContaining("pipe");
      }
    }
    assertOthersAreServed();
  }

  @Test
  void closeServesWhatWasReceivedAndEndsIdleClients() throws Exception {
    GatedBlockStore[] gate = new GatedBlockStore[1];
    clone =
        new ServedClone(
            SIZE,
            NbdServerOptions.defaults(),
            Hydration.disabled(),
            source -> gate[0] = new GatedBlockStore(source));
    gate[0].hold(Operation.READ);
    try (RawClient idle = clone.connect().go(true);
        RawClient inHandshake = clone.connect().greet();
        RawClient busy = clone.connect().go(true)) {
      // Both arrive at once: the second one was received while the first one is served.
      ByteBuffer requests = ByteBuffer.allocate(2 * NbdRequest.SIZE);
      NbdRequest.put(requests, NbdCommand.READ, 0, 1, 0, 4096);
      NbdRequest.put(requests, NbdCommand.READ, 0, 2, 4096, 4096);
      busy.send(requests.flip());
      gate[0].awaitWaiting(1);
      Thread closing = new Thread(() -> clone.server().close());
      closing.start();

      assertThat(idle.isClosedByServer()).isTrue();
      assertThat(inHandshake.isClosedByServer()).isTrue();
      gate[0].open();

      assertThat(busy.reply(0).cookie()).isEqualTo(1);
      assertThat(busy.reply(0).cookie()).isEqualTo(2);
      assertThat(busy.isClosedByServer()).isTrue();
      closing.join();
    }
  }
}
