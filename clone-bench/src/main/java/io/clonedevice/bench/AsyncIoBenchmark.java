package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
 * How long does an asynchronous read or write of hydrated regions take when one submitter keeps a
 * fixed number of them in flight? It waits for the oldest, then submits the next. The baseline is
 * an {@link AsynchronousFileChannel} as it is opened by default, and one with as many threads as
 * the device has. Time is per request. Files are in the page cache.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AsyncIoBenchmark {
  private static final int SIZE = 64 << 20;
  private static final int REGION = 4096;

  /** Medium and length of the requests. */
  @Param({"file-4K", "file-64K"})
  public String where;

  /** Requests in flight. */
  @Param("32")
  public int depth;

  private final SplittableRandom random = new SplittableRandom(1);
  private int positions;
  private ByteBuffer[] buffers;
  private Future<?>[] inFlight;
  private int next;
  private BenchClone clone;
  private CloneDevice device;
  private AsynchronousFileChannel channel;
  private AsynchronousFileChannel pooledChannel;
  private ExecutorService pool;

  /** Makes a clone and hydrates it. */
  @Setup
  public void open() throws IOException {
    Where at = Where.parse(where);
    clone = new BenchClone(at.medium(), SIZE, REGION).hydrate();
    device = clone.device();
    Set<StandardOpenOption> options = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
    channel = AsynchronousFileChannel.open(clone.destination(), options, null);
    pool =
        Executors.newFixedThreadPool(Math.max(4, 2 * Runtime.getRuntime().availableProcessors()));
    pooledChannel = AsynchronousFileChannel.open(clone.destination(), options, pool);
    positions = (SIZE - REGION) / at.length();
    buffers = new ByteBuffer[depth];
    inFlight = new Future<?>[depth];
    for (int i = 0; i < depth; i++) {
      buffers[i] = BenchClone.buffer(at.length());
    }
  }

  /** Waits for what is in flight and removes the files. */
  @TearDown
  public void close() throws Exception {
    for (Future<?> request : inFlight) {
      if (request != null) {
        request.get();
      }
    }
    channel.close();
    pooledChannel.close();
    pool.shutdown();
    clone.close();
  }

  /** The baseline of a read. */
  @Benchmark
  public void bareRead() throws Exception {
    ByteBuffer buffer = oldest();
    inFlight[next] = channel.read(buffer, offset());
  }

  /** The baseline of a read, with a pool of threads. */
  @Benchmark
  public void pooledRead() throws Exception {
    ByteBuffer buffer = oldest();
    inFlight[next] = pooledChannel.read(buffer, offset());
  }

  /** A read of hydrated regions. */
  @Benchmark
  public void deviceRead() throws Exception {
    ByteBuffer buffer = oldest();
    inFlight[next] = device.read(offset(), buffer);
  }

  /** The baseline of a write. */
  @Benchmark
  public void bareWrite() throws Exception {
    ByteBuffer buffer = oldest();
    inFlight[next] = channel.write(buffer, offset());
  }

  /** The baseline of a write, with a pool of threads. */
  @Benchmark
  public void pooledWrite() throws Exception {
    ByteBuffer buffer = oldest();
    inFlight[next] = pooledChannel.write(buffer, offset());
  }

  /** A write of hydrated regions. */
  @Benchmark
  public void deviceWrite() throws Exception {
    ByteBuffer buffer = oldest();
    inFlight[next] = device.write(offset(), buffer);
  }

  /** Waits for the oldest request and returns its buffer. */
  private ByteBuffer oldest() throws ExecutionException, InterruptedException {
    next = next + 1 == buffers.length ? 0 : next + 1;
    if (inFlight[next] != null) {
      inFlight[next].get();
    }
    return buffers[next].clear();
  }

  private long offset() {
    return (long) random.nextInt(positions) * buffers[0].capacity();
  }
}
