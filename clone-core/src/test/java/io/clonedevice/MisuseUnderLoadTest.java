package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Eight threads misuse a device in every way there is while two do good work on it: each misuse
 * fails at once in its caller, with its message, and the good work never notices.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MisuseUnderLoadTest {
  private static final int REGION = 4096;
  private static final int SIZE = 256 * REGION;
  private static final int SECTOR = 512;
  private static final int MISUSERS = 8;
  private static final int WORKERS = 2;
  private static final long MISUSES = Effort.cases("clone.fuzz.cases", 20_000) / 20;

  // Where buffers are used while they are in flight; nothing there is checked.
  private static final int SPOILED = SIZE - 24 * REGION;

  @TempDir private Path directory;
  private final AtomicBoolean misuseEnded = new AtomicBoolean();
  private FileMedia files;
  private CloneRuntime runtime;
  private CloneDevice closedDevice;
  private CloneDevice device;

  private record Misuse(
      FileMedia.Attempt attempt, Class<? extends Throwable> type, String message) {
    void commit() {
      Throwable failure = null;
      try {
        attempt.run();
      } catch (Exception e) {
        failure = e;
      }
      assertThat(failure).as(message).isInstanceOf(type).hasMessageContaining(message);
    }
  }

  @BeforeEach
  void open() throws IOException {
    runtime = CloneRuntime.create();
    FileMedia other = new FileMedia(Files.createDirectory(directory.resolve("b")), SIZE, REGION);
    closedDevice = other.builder().open();
    closedDevice.close();
    files = new FileMedia(directory, SIZE, REGION);
    device =
        files
            .builder()
            .runtime(runtime)
            .discardedReadsZeroes(true)
            .hydration(Hydration.background().bytesPerSecondMax(1 << 19))
            .open();
  }

  @AfterEach
  void close() throws IOException {
    device.close();
    runtime.close();
  }

  private List<Misuse> misuses() {
    ByteBuffer sector = ByteBuffer.allocate(SECTOR);
    ByteBuffer odd = ByteBuffer.allocate(SECTOR - 1);
    BlockStore blocking = device.blocking();
    List<Misuse> misuses = new ArrayList<>();
    for (long offset : new long[] {-SECTOR, SIZE, Long.MIN_VALUE, Long.MAX_VALUE - 511}) {
      refuse(misuses, () -> device.read(offset, sector), "leaves the device");
      refuse(misuses, () -> device.write(offset, sector), "leaves the device");
      refuse(misuses, () -> device.writeDurably(offset, sector), "leaves the device");
      refuse(misuses, () -> device.discard(offset, SECTOR), "leaves the device");
      refuse(misuses, () -> blocking.read(offset, sector), "leaves the device");
      refuse(misuses, () -> blocking.write(offset, sector), "leaves the device");
      refuse(misuses, () -> blocking.discard(offset, SECTOR), "leaves the device");
    }
    refuse(misuses, () -> device.discard(0, Long.MAX_VALUE - 511), "leaves the device");
    refuse(misuses, () -> device.discard(0, -SECTOR), "leaves the device");
    refuse(misuses, () -> device.read(1, sector), "is not aligned");
    refuse(misuses, () -> device.write(0, odd), "is not aligned");
    refuse(misuses, () -> blocking.writeDurably(0, odd), "is not aligned");
    refuse(misuses, () -> device.discard(0, 1), "is not aligned");
    refuse(misuses, () -> device.read(0, sector.asReadOnlyBuffer()), "read-only");
    refuse(misuses, () -> blocking.read(0, sector.asReadOnlyBuffer()), "read-only");
    refuse(misuses, () -> device.hydrationThreshold(-1), "-1");
    refuse(misuses, () -> device.hydrationThreshold(1L << 32), "4294967296");
    refuse(misuses, () -> device.hydrationBatchSize(-1), "-1");
    refuse(misuses, () -> device.hydrationBatchSize(Long.MAX_VALUE), "9223372036854775807");
    refuse(misuses, () -> Hydration.background().timeShareMax(101), "101");
    refuse(misuses, () -> Hydration.background().failuresInRowMax(-1), "-1");
    refuse(misuses, () -> CloneRuntime.builder().ioThreads(0), "0");
    misuses.add(new Misuse(() -> device.read(0, null), NullPointerException.class, "target"));
    misuses.add(new Misuse(() -> device.write(0, null), NullPointerException.class, "data"));
    misuses.add(new Misuse(() -> device.addListener(null), NullPointerException.class, "listener"));
    state(misuses, runtime::close, "devices of this runtime are open");
    state(misuses, runtime::step, "runs on a thread of its own");
    state(misuses, () -> closedDevice.read(0, sector), "closed");
    state(misuses, () -> closedDevice.write(0, sector), "closed");
    state(misuses, () -> closedDevice.discard(0, REGION), "closed");
    state(misuses, closedDevice::flush, "closed");
    state(misuses, closedDevice::suspend, "closed");
    state(misuses, closedDevice::resume, "closed");
    state(misuses, closedDevice::reopenReadWrite, "closed");
    misuses.add(
        new Misuse(() -> files.builder().open(), IOException.class, "held by this process"));
    misuses.add(
        new Misuse(
            () -> files.builder(files.source, files.source, files.metadata).open(),
            IllegalArgumentException.class,
            "same medium"));
    misuses.add(
        new Misuse(
            () -> FileChannelBlockStore.open(directory),
            IOException.class,
            "neither a regular file nor a block device"));
    return misuses;
  }

  private static void refuse(List<Misuse> misuses, FileMedia.Attempt attempt, String message) {
    misuses.add(new Misuse(attempt, IllegalArgumentException.class, message));
  }

  private static void state(List<Misuse> misuses, FileMedia.Attempt attempt, String message) {
    misuses.add(new Misuse(attempt, IllegalStateException.class, message));
  }

  /** What is allowed, but odd: it must do no harm. */
  private void oddity(Random random, List<ByteBuffer> inFlight) throws Exception {
    switch (random.nextInt(8)) {
      case 0 -> device.resume();
      case 1 -> device.reopenReadWrite();
      case 2 -> closedDevice.close();
      case 3 -> {
        device.suspend();
        device.resume();
      }
      case 4 -> closedDevice.status();
      default -> {
        // The same buffer in many requests at once, and its limits and bytes changed meanwhile.
        ByteBuffer buffer = inFlight.get(random.nextInt(inFlight.size()));
        int sectors = 1 + random.nextInt(16);
        synchronized (buffer) {
          buffer.clear().limit(sectors * SECTOR);
          int offset = SPOILED + REGION + random.nextInt(8 * REGION / SECTOR) * SECTOR;
          try {
            if (random.nextBoolean()) {
              device.write(offset, buffer);
            } else {
              device.read(offset, buffer);
            }
          } catch (IndexOutOfBoundsException e) {
            // A request that ended meanwhile moved the position of its buffer: this one's, too.
            assertThat(e).hasMessageContaining("out of bounds for length");
          }
          buffer.clear().limit(1 + random.nextInt(buffer.capacity()));
          buffer.put(0, (byte) random.nextInt());
        }
      }
    }
  }

  @Test
  void everyMisuseFailsAtOnceAndTheGoodWorkIsUnharmed() throws Exception {
    Seed seed = new Seed();
    List<ByteBuffer> inFlight = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      inFlight.add(ByteBuffer.allocate(16 * REGION));
    }
    ExecutorService threads = Executors.newFixedThreadPool(MISUSERS + WORKERS);
    List<Future<?>> misusers = new ArrayList<>();
    List<Future<byte[]>> workers = new ArrayList<>();
    try {
      for (int i = 0; i < WORKERS; i++) {
        workers.add(threads.submit(goodWork(seed.stream(), i)));
      }
      for (int i = 0; i < MISUSERS; i++) {
        Random random = seed.stream();
        misusers.add(threads.submit(() -> misuse(random, inFlight)));
      }
      for (Future<?> misuser : misusers) {
        misuser.get();
      }
      misuseEnded.set(true);
      for (int i = 0; i < WORKERS; i++) {
        byte[] model = workers.get(i).get();
        byte[] found = new byte[model.length];
        device.blocking().read(share(i), ByteBuffer.wrap(found));
        assertThat(Arrays.mismatch(found, model)).as("first byte that differs").isEqualTo(-1);
      }
    } finally {
      misuseEnded.set(true);
      threads.shutdown();
    }
    device.flush().get();
    assertThat(device.status().metadataUpdatesFailed()).isZero();
  }

  private Void misuse(Random random, List<ByteBuffer> inFlight) throws Exception {
    List<Misuse> misuses = misuses();
    for (long i = 0; i < MISUSES; i++) {
      if (random.nextInt(4) == 0) {
        oddity(random, inFlight);
      } else {
        misuses.get(random.nextInt(misuses.size())).commit();
      }
    }
    return null;
  }

  private static int share(int worker) {
    return worker * (SPOILED / WORKERS / REGION) * REGION + worker * SECTOR;
  }

  /** Writes and reads a part of the device of its own, which shares a region with the others. */
  private Callable<byte[]> goodWork(Random random, int worker) throws IOException {
    int start = share(worker);
    byte[] model = new byte[share(worker + 1) - start];
    device.blocking().read(start, ByteBuffer.wrap(model));
    return () -> {
      while (!misuseEnded.get()) {
        int length = SECTOR * (1 + random.nextInt(1 << random.nextInt(6)));
        int offset = SECTOR * random.nextInt((model.length - length) / SECTOR);
        byte[] data = new byte[length];
        switch (random.nextInt(8)) {
          case 0 -> device.flush().get();
          case 1, 2, 3 -> {
            device.read(start + offset, ByteBuffer.wrap(data)).get();
            assertThat(Arrays.mismatch(data, 0, length, model, offset, offset + length))
                .as("first byte that differs")
                .isEqualTo(-1);
          }
          default -> {
            random.nextBytes(data);
            if (random.nextBoolean()) {
              device.write(start + offset, ByteBuffer.wrap(data)).get();
            } else {
              device.blocking().write(start + offset, ByteBuffer.wrap(data));
            }
            System.arraycopy(data, 0, model, offset, length);
          }
        }
      }
      return model;
    };
  }
}
