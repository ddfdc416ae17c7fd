package io.clonedevice.examples.nbd.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.server.RawClient.Reply;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.testing.GatedBlockStore;
import io.clonedevice.testing.SlowBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that wait for a slow source, and others that need not wait for them. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SlowSourceTest {
  private static final int REGION = ServedClone.REGION;
  private static final int SIZE = 128 * REGION;

  private ServedClone clone;

  @AfterEach
  void close() throws IOException {
    clone.close();
  }

  @Test
  void whatWaitsForASlowSourceIsOvertaken() throws Exception {
    GatedBlockStore gate = serveSlowSource();
    try (RawClient client = clone.connect().go(true)) {
      client.write(0, filled(REGION, 'W'));
      for (int read = 0; read < 4; read++) {
        client.read(REGION, 512);
      }
      gate.hold(Operation.READ);
      long slow = client.request(NbdCommand.READ, 0, 2 * REGION, 4096);
      long partial = client.request(NbdCommand.READ, 0, 3 * REGION, 2 << 20);
      gate.awaitWaiting(3);
      long fast = client.request(NbdCommand.READ, 0, 0, 4096);

      assertThat(client.reply(0).cookie()).isEqualTo(fast);
      gate.open();
      List<Long> late = new ArrayList<>();
      int chunks = 0;
      while (late.size() < 2) {
        Reply reply = client.reply(0);
        chunks++;
        if (reply.isDone()) {
          late.add(reply.cookie());
        }
      }
      assertThat(late).containsExactlyInAnyOrder(slow, partial);
      assertThat(chunks).isEqualTo(1 + 2 + 1);
    }
  }

  /** It is received into a buffer of its own then, not into that of the reader. */
  @Test
  void longWriteThatWaitsForASlowSourceIsOvertaken() throws Exception {
    GatedBlockStore gate = serveSlowSource();
    try (RawClient client = clone.connect().go(true)) {
      byte[] expected = clone.content();
      byte[] data = filled(5 * REGION, 'L');
      for (int write = 0; write < 4; write++) {
        int offset = write * 8 * REGION + 512;
        assertThat(client.write(offset, data)).isNull();
        System.arraycopy(data, 0, expected, offset, data.length);
      }
      gate.hold(Operation.READ);
      int offset = 64 * REGION + 512;
      long slow = client.request(NbdCommand.WRITE, 0, offset, data.length, data);
      gate.awaitWaiting(1);
      long fast = client.request(NbdCommand.READ, 0, 0, 4096);

      assertThat(client.reply(0).cookie()).isEqualTo(fast);
      gate.open();
      assertThat(client.reply(0).cookie()).isEqualTo(slow);
      System.arraycopy(data, 0, expected, offset, data.length);
      assertThat(client.read(0, SIZE)).isEqualTo(expected);
    }
  }

  /** A request of 65 KiB keeps a buffer of a MiB, which is what the budget has to count. */
  @Test
  void whoFindsNoMemoryForAWholeBufferIsServedByItsReader() throws Exception {
    List<String> readers = new CopyOnWriteArrayList<>();
    NbdServerOptions options = NbdServerOptions.defaults().memoryMax(3 << 19);
    GatedBlockStore gate = serveSlowSource(options, readers);
    try (RawClient first = clone.connect().go(true);
        RawClient second = clone.connect().go(true)) {
      for (RawClient client : List.of(first, second)) {
        for (int read = 0; read < 4; read++) {
          client.read(REGION, 512);
        }
      }
      readers.clear();
      gate.hold(Operation.READ);
      int length = 65 << 10;
      first.request(NbdCommand.READ, 0, 8 * REGION, length);
      gate.awaitWaiting(1);
      assertThat(readers).noneMatch(name -> name.startsWith("nbd-client-"));
      second.request(NbdCommand.READ, 0, 16 * REGION, length);
      gate.awaitWaiting(2);

      assertThat(readers).anyMatch(name -> name.startsWith("nbd-client-"));

      gate.open();
      byte[] expected = Arrays.copyOfRange(clone.content(), 8 * REGION, 8 * REGION + length);
      assertThat(Arrays.copyOfRange(first.reply(0).payload(), 8, 8 + length)).isEqualTo(expected);
    }
  }

  private GatedBlockStore serveSlowSource() throws IOException {
    return serveSlowSource(NbdServerOptions.defaults(), new CopyOnWriteArrayList<>());
  }

  /**
   * Returns the gate before the source, open.
   *
   * @param readers gets the name of the thread of each read of the source
   */
  private GatedBlockStore serveSlowSource(NbdServerOptions options, List<String> readers)
      throws IOException {
    GatedBlockStore[] gate = new GatedBlockStore[1];
    clone =
        new ServedClone(
            SIZE,
            options,
            Hydration.disabled(),
            source -> {
              gate[0] = new GatedBlockStore(new SlowBlockStore(source, Duration.ofMillis(20)));
              return new FilterBlockStore(gate[0]) {
                @Override
                public void read(long offset, ByteBuffer target) throws IOException {
                  readers.add(Thread.currentThread().getName());
                  super.read(offset, target);
                }
              };
            });
    return gate[0];
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }
}
