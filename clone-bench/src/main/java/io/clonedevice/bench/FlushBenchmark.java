package io.clonedevice.bench;

import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
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
 * What does durability cost on the calling thread: a flush with nothing to flush, a write of 4 KiB
 * with FUA to a hydrated region, and a write of a whole unhydrated region with the flush that
 * records it? The baselines are the bare medium's flush alone, and after a write as long. In memory
 * a flush is nothing, so what is seen there is the device alone.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FlushBenchmark {
  private static final int SIZE = 64 << 20;
  private static final int REGION = 4096;

  /** Medium and length of the writes. */
  @Param({"file-4K", "memory-4K"})
  public String where;

  private final ByteBuffer buffer = BenchClone.buffer(REGION);
  private long next;
  private BenchClone clone;
  private BlockStore blocking;
  private BenchClone.Transfer bareWrite;

  /** Makes a clone and hydrates it. */
  @Setup
  public void open() throws IOException {
    clone = new BenchClone(Where.parse(where).medium(), SIZE, REGION).hydrate().openBare();
    blocking = clone.blocking();
    bareWrite = clone.bareWrite();
    clone.bareFlush();
  }

  /** Removes the files. */
  @TearDown
  public void close() throws IOException {
    clone.close();
  }

  /** The baseline of a flush. */
  @Benchmark
  public void bareFlush() throws IOException {
    clone.bareFlush();
  }

  /** A flush with nothing to flush. */
  @Benchmark
  public void deviceFlush() throws IOException {
    blocking.flush();
  }

  /** The baseline of a durable write. */
  @Benchmark
  public void bareWriteDurably() throws IOException {
    bareWrite.at(offset(), buffer.clear());
    clone.bareFlush();
  }

  /** A durable write to a hydrated region. */
  @Benchmark
  public void deviceWriteDurably() throws IOException {
    blocking.writeDurably(offset(), buffer.clear());
  }

  private long offset() {
    next = (next + REGION) % (SIZE - REGION);
    return next;
  }
}
