package io.clonedevice.examples;

import io.clonedevice.CloneDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Somebody who uses the clone while it hydrates: reads anywhere, checks what was read, and writes
 * blocks of the image's scratch area. Used by one thread.
 */
final class DemoWorkload {
  /** People and databases pause between requests too. */
  private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(2);

  private static final int BLOCK_SIZE = DemoImage.BLOCK_SIZE;

  private final DemoImage image;
  private final Random random;
  private final TreeMap<Long, byte[]> writes = new TreeMap<>();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BLOCK_SIZE);
  private long readCount;
  private long writeCount;

  DemoWorkload(DemoImage image, Random random) {
    this.image = image;
    this.random = random;
  }

  /** What was written: the last bytes of each block, by its offset. */
  Map<Long, byte[]> writes() {
    return writes;
  }

  /** Returns the number of reads since the last call. */
  long takeReads() {
    long count = readCount;
    readCount = 0;
    return count;
  }

  /** Returns the number of writes since the last call. */
  long takeWrites() {
    long count = writeCount;
    writeCount = 0;
    return count;
  }

  /** Reads and checks one block at a random place. */
  void readFirst(CloneDevice device) throws IOException {
    read(device, random.nextLong(image.size() / BLOCK_SIZE) * BLOCK_SIZE);
  }

  /** Writes a block, flushes now and then, reads that block or another one, and pauses. */
  void step(CloneDevice device) throws IOException {
    List<Long> places = image.scratchOffsets();
    long place = places.get(random.nextInt(places.size()));
    if (random.nextInt(4) == 0) {
      write(device, place);
    }
    if (random.nextInt(256) == 0) {
      device.flush().join();
    }
    read(
        device,
        random.nextInt(4) == 0 ? place : random.nextLong(image.size() / BLOCK_SIZE) * BLOCK_SIZE);
    LockSupport.parkNanos(PAUSE_NS);
  }

  private void write(CloneDevice device, long offset) {
    byte[] bytes = new byte[BLOCK_SIZE];
    random.nextBytes(bytes);
    device.write(offset, buffer.clear().put(bytes).flip()).join();
    writes.put(offset, bytes);
    writeCount++;
  }

  private void read(CloneDevice device, long offset) throws IOException {
    device.blocking().read(offset, buffer.clear());
    byte[] expected = writes.get(offset);
    ByteBuffer wanted =
        expected != null
            ? ByteBuffer.wrap(expected)
            : DemoProof.read(image.path(), offset, BLOCK_SIZE);
    if (!buffer.flip().equals(wanted)) {
      throw new IOException("the clone reads wrong bytes at " + offset);
    }
    readCount++;
  }
}
