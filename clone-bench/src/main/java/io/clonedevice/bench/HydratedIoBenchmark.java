package io.clonedevice.bench;

import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does the device add to a read or write of hydrated regions on the calling thread? The
 * baseline is the same call of the bare medium; files are in the page cache, unless they are raw.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class HydratedIoBenchmark {
  private static final int SIZE = 64 << 20;
  private static final int REGION = 4096;

  /** Medium and length of the requests. */
  @Param({"file-4K", "file-64K", "file-1M", "mmap-4K", "memory-4K", "raw-4K", "raw-1M"})
  public String where;

  private final SplittableRandom random = new SplittableRandom(1);
  private ByteBuffer buffer;
  private int positions;
  private BenchClone clone;
  private BlockStore blocking;
  private BenchClone.Transfer bareRead;
  private BenchClone.Transfer bareWrite;

  /** Makes a clone and hydrates it. */
  @Setup
  public void open() throws IOException {
    Where at = Where.parse(where);
    clone = new BenchClone(at.medium(), SIZE, REGION).hydrate().openBare();
    blocking = clone.blocking();
    bareRead = clone.bareRead();
    bareWrite = clone.bareWrite();
    buffer = BenchClone.buffer(at.length());
    positions = (SIZE - REGION) / at.length();
  }

  /** Removes the files. */
  @TearDown
  public void close() throws IOException {
    clone.close();
  }

  /** The baseline of a read. */
  @Benchmark
  public void bareRead() throws IOException {
    bareRead.at(offset(), buffer.clear());
  }

  /** A read of hydrated regions. */
  @Benchmark
  public void deviceRead() throws IOException {
    blocking.read(offset(), buffer.clear());
  }

  /** The baseline of a write. */
  @Benchmark
  public void bareWrite() throws IOException {
    bareWrite.at(offset(), buffer.clear());
  }

  /** A write of hydrated regions. */
  @Benchmark
  public void deviceWrite() throws IOException {
    blocking.write(offset(), buffer.clear());
  }

  private long offset() {
    return (long) random.nextInt(positions) * buffer.capacity();
  }
}
