package io.clonedevice.crash;

import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CrashingBlockStore;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A clone of random shape that goes through random things, all from one seed. */
final class History {
  private static final int ACTIONS_MAX = 60;

  private History() {}

  /** The seed of the history that follows. */
  static long next(long seed) {
    return new Random(seed ^ 0x5DEECE66DL).nextLong();
  }

  /** Runs a history while power cuts are tried. */
  static void run(long seed, CrashStates states, Life.Wrapping wrapping) throws IOException {
    Random random = new Random(seed);
    try (Life life = newLife(Shape.random(random), random, wrapping)) {
      states.watch(life);
      try {
        life.live(1 + random.nextInt(ACTIONS_MAX));
      } catch (AssertionError e) {
        throw new AssertionError(
            e.getMessage()
                + "\nthe first history of -D"
                + Seed.PROPERTY
                + "="
                + seed
                + "\n"
                + life.shape()
                + "\n"
                + String.join("\n", life.log()),
            e);
      }
    }
  }

  /** A clone about to be opened for the first time, on a destination that holds something else. */
  static Life newLife(Shape shape, Random random, Life.Wrapping wrapping) throws IOException {
    byte[] content = new byte[shape.size()];
    random.nextBytes(content);
    byte[] old = new byte[shape.size()];
    Arrays.fill(old, (byte) 0xDD);
    CrashingBlockStore destination = new CrashingBlockStore(shape.size(), shape.blockSize());
    destination.write(0, ByteBuffer.wrap(old));
    destination.flush();
    return new Life(
        shape,
        MemoryBlockStore.copyOf(content),
        destination,
        new CrashingBlockStore(shape.metadataSize()),
        new LegalSectors(content, List.of(old, new byte[shape.size()])),
        random,
        wrapping);
  }
}
