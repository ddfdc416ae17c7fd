package io.clonedevice.examples.nbd.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdError;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockStore;
import io.clonedevice.testing.Seed;
import io.clonedevice.testing.SlowBlockStore;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Everything that is read through several connections equals a byte array that was changed alike.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServerModelTest {
  private static final int REGION = ServedClone.REGION;

  /** The last region is short. */
  private static final int SIZE = 40 * REGION - 512;

  private static final int STEPS = 400;

  private final Random random = Seed.random();

  @Test
  void readsEqualTheModelWhileHydrating() throws IOException {
    run(Hydration.background().threshold(1).bytesPerSecondMax(8 << 20), source -> source);
  }

  @Test
  void readsEqualTheModelOnASlowSource() throws IOException {
    run(Hydration.disabled(), source -> new SlowBlockStore(source, Duration.ofNanos(600_000)));
  }

  private void run(Hydration hydration, UnaryOperator<BlockStore> source) throws IOException {
    NbdServerOptions options =
        NbdServerOptions.defaults().memoryMax(random.nextBoolean() ? 0 : 64 << 20);
    try (ServedClone clone = new ServedClone(SIZE, options, hydration, source);
        RawClient structured = clone.connect().go(true);
        RawClient simple = clone.connect().go(false);
        RawClient another = clone.connect().go(true)) {
      RawClient[] clients = {structured, simple, another};
      byte[] model = clone.content();
      for (int step = 0; step < STEPS; step++) {
        step(step, clients[random.nextInt(clients.length)], model);
      }
      for (RawClient client : clients) {
        assertThat(Arrays.mismatch(client.read(0, SIZE), model)).isEqualTo(-1);
      }
    }
  }

  private void step(int step, RawClient client, byte[] model) throws IOException {
    int offset = 512 * random.nextInt(SIZE / 512);
    int largest = random.nextInt(4) == 0 ? SIZE : random.nextBoolean() ? 4096 : 4 * REGION;
    int length = Math.min(SIZE - offset, 512 * (1 + random.nextInt(largest / 512)));
    if (random.nextInt(4) == 0) {
      offset = offset / REGION * REGION;
    }
    int fua = random.nextInt(4) == 0 ? NbdCommand.FLAG_FUA : 0;
    String what = "step " + step + ": " + offset + " + " + length;
    switch (random.nextInt(8)) {
      case 0, 1, 2 -> {
        byte[] data = new byte[length];
        random.nextBytes(data);
        assertThat(client.ask(NbdCommand.WRITE, fua, offset, length, data)).as(what).isNull();
        System.arraycopy(data, 0, model, offset, length);
      }
      case 3 -> {
        int flags = random.nextBoolean() ? fua : fua | NbdCommand.FLAG_NO_HOLE;
        assertThat(client.ask(NbdCommand.WRITE_ZEROES, flags, offset, length)).as(what).isNull();
        Arrays.fill(model, offset, offset + length, (byte) 0);
      }
      case 4 -> assertThat(client.ask(NbdCommand.FLUSH, 0, 0, 0)).isNull();
      case 5 -> trim(client, what, fua, offset, length, model);
      case 6 -> assertThat(client.ask(NbdCommand.READ, 0, SIZE, 512)).isEqualTo(NbdError.EINVAL);
      default -> {
        byte[] read = client.read(offset, length);
        assertThat(Arrays.mismatch(read, 0, length, model, offset, offset + length))
            .as(what)
            .isEqualTo(-1);
      }
    }
  }

  /** A destination in memory reads zeroes where a whole region was discarded. */
  private static void trim(
      RawClient client, String what, int fua, int offset, int length, byte[] model)
      throws IOException {
    assertThat(client.ask(NbdCommand.TRIM, fua, offset, length)).as(what).isNull();
    int from = (offset + REGION - 1) / REGION * REGION;
    int end = offset + length == SIZE ? SIZE : (offset + length) / REGION * REGION;
    if (from < end) {
      Arrays.fill(model, from, end, (byte) 0);
    }
  }
}
