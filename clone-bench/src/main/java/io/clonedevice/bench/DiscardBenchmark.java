package io.clonedevice.bench;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does the discard of a region of 64 KiB add to the destination's own discard: of an
 * unhydrated region, which becomes hydrated, and of a hydrated one? In memory, where the discard
 * itself costs next to nothing, of regions that hold nothing; passdown is on.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 30)
@Measurement(iterations = 30)
public class DiscardBenchmark extends RenewedClone {
  private static final int REGION = 64 << 10;
  private static final int DISCARDS = 4096;

  private final MemoryBlockStore bare = new MemoryBlockStore((DISCARDS + 1) * (long) REGION);

  /** Makes a clone. */
  @Setup
  public void open() throws IOException {
    clone = new BenchClone(Medium.MEMORY, bare.size(), REGION);
  }

  /** The baseline. */
  @Benchmark
  @OperationsPerInvocation(DISCARDS)
  public void bareDiscard() throws IOException {
    discardEach(bare);
  }

  /** A discard of each unhydrated region. */
  @Benchmark
  @OperationsPerInvocation(DISCARDS)
  public void deviceDiscard() throws IOException {
    discardEach(blocking);
  }

  /** The baseline, again: of two rounds. */
  @Benchmark
  @OperationsPerInvocation(2 * DISCARDS)
  public void bareDiscardTwice() throws IOException {
    discardEach(bare);
    discardEach(bare);
  }

  /** A discard of each region, and again of each that is hydrated now. */
  @Benchmark
  @OperationsPerInvocation(2 * DISCARDS)
  public void deviceDiscardTwice() throws IOException {
    discardEach(blocking);
    discardEach(blocking);
  }

  private static void discardEach(BlockStore store) throws IOException {
    for (long at = 0; at < DISCARDS * (long) REGION; at += REGION) {
      store.discard(at, REGION);
    }
  }
}
