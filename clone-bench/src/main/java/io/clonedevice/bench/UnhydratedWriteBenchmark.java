package io.clonedevice.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does a write to an unhydrated region of 64 KiB cost: one of 4 KiB, whose rest comes from the
 * source, and one of the whole region? The baselines are what must be moved at least, by {@code
 * FileChannel}s: 64 KiB read and written, and 64 KiB written. A write uses a region up, so each
 * iteration writes to every region of a new clone over the same files, whose blocks are all
 * allocated and in the page cache.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 30)
@Measurement(iterations = 30)
public class UnhydratedWriteBenchmark extends RenewedClone {
  private static final int REGION = 64 << 10;
  private static final int SMALL = 4096;
  private static final int WRITES = 512;

  private final ByteBuffer buffer = BenchClone.buffer(REGION);
  private FileChannel source;
  private BenchClone.Transfer bareWrite;

  /** Makes the files. */
  @Setup
  public void open() throws IOException {
    clone = new BenchClone(Medium.FILE, (WRITES + 1) * (long) REGION, REGION).hydrate().openBare();
    source = FileChannel.open(clone.source(), StandardOpenOption.READ);
    bareWrite = clone.bareWrite();
  }

  /** Closes the source of the baseline. */
  @TearDown
  public void closeSource() throws IOException {
    source.close();
  }

  /** The baseline of a small write. */
  @Benchmark
  @OperationsPerInvocation(WRITES)
  public void bareSmallWrite() throws IOException {
    for (long at = 0; at < WRITES * (long) REGION; at += REGION) {
      source.read(buffer.clear(), at);
      bareWrite.at(at, buffer.flip());
    }
  }

  /** A small write to each region. */
  @Benchmark
  @OperationsPerInvocation(WRITES)
  public void deviceSmallWrite() throws IOException {
    for (long at = 0; at < WRITES * (long) REGION; at += REGION) {
      blocking.write(at + SMALL, buffer.clear().limit(SMALL));
    }
  }

  /** The baseline of an overwrite. */
  @Benchmark
  @OperationsPerInvocation(WRITES)
  public void bareOverwrite() throws IOException {
    for (long at = 0; at < WRITES * (long) REGION; at += REGION) {
      bareWrite.at(at, buffer.clear());
    }
  }

  /** A write of each region whole. */
  @Benchmark
  @OperationsPerInvocation(WRITES)
  public void deviceOverwrite() throws IOException {
    for (long at = 0; at < WRITES * (long) REGION; at += REGION) {
      blocking.write(at, buffer.clear());
    }
  }
}
