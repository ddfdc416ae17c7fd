package io.clonedevice.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does a flush cost that must record one region: a write of a whole region of 4 KiB, then a
 * flush? The baseline is a write as long and a flush of the bare medium: one flush, where a commit
 * needs three. A write uses a region up, so each iteration has a new clone over the same files.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 20)
@Measurement(iterations = 20)
public class CommitBenchmark extends RenewedClone {
  private static final int REGION = 4096;
  private static final int FLUSHES = 32;

  /** Medium and length of the writes. */
  @Param({"file-4K", "memory-4K"})
  public String where;

  private final ByteBuffer buffer = BenchClone.buffer(REGION);
  private BenchClone.Transfer bareWrite;

  /** Makes the files. */
  @Setup
  public void open() throws IOException {
    Medium medium = Where.parse(where).medium();
    clone = new BenchClone(medium, (FLUSHES + 1) * (long) REGION, REGION).hydrate().openBare();
    bareWrite = clone.bareWrite();
  }

  /** The baseline. */
  @Benchmark
  @OperationsPerInvocation(FLUSHES)
  public void bareWriteAndFlush() throws IOException {
    for (int i = 0; i < FLUSHES; i++) {
      bareWrite.at(i * (long) REGION, buffer.clear());
      clone.bareFlush();
    }
  }

  /** Each flush commits one region. */
  @Benchmark
  @OperationsPerInvocation(FLUSHES)
  public void deviceWriteAndFlush() throws IOException {
    for (int i = 0; i < FLUSHES; i++) {
      blocking.write(i * (long) REGION, buffer.clear());
      blocking.flush();
    }
  }
}
