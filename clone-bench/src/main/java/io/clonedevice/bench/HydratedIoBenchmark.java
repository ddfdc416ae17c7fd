package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does the device add to a hydrated 4 KiB read or write of a file in the page cache, on the
 * calling thread? The baseline is the same call on a {@code FileChannel}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class HydratedIoBenchmark {
  private static final int SIZE = 64 << 20;
  private static final int BLOCK = 4096;

  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BLOCK);
  private final SplittableRandom random = new SplittableRandom(1);
  private BenchFiles files;
  private CloneDevice device;
  private BlockStore blocking;
  private FileChannel channel;

  /** Makes a clone and hydrates it. */
  @Setup
  public void open() throws IOException {
    files = new BenchFiles();
    Path source = files.random("source", SIZE);
    Path destination = files.path("destination");
    // The last region stays unhydrated, so that the region map stays in use.
    device =
        CloneDevice.builder()
            .source(FileChannelBlockStore.openReadOnly(source))
            .destination(FileChannelBlockStore.create(destination, SIZE))
            .metadata(
                FileChannelBlockStore.create(
                    files.path("metadata"), MetadataSize.forRegions(SIZE / BLOCK)))
            .regionSize(BLOCK)
            .hydration(Hydration.disabled())
            .open();
    blocking = device.blocking();
    ByteBuffer chunk = ByteBuffer.allocateDirect(1 << 20);
    for (int offset = 0; offset < SIZE; offset += chunk.capacity()) {
      int last = offset + chunk.capacity() == SIZE ? BLOCK : 0;
      blocking.write(offset, chunk.clear().limit(chunk.capacity() - last));
    }
    device.flush().join();
    channel = FileChannel.open(destination, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** Removes the files. */
  @TearDown
  public void close() throws IOException {
    channel.close();
    device.close();
    files.close();
  }

  /** The baseline of a read. */
  @Benchmark
  public int fileChannelRead() throws IOException {
    return channel.read(buffer.clear(), offset());
  }

  /** A read of a hydrated region. */
  @Benchmark
  public void deviceRead() throws IOException {
    blocking.read(offset(), buffer.clear());
  }

  /** The baseline of a write. */
  @Benchmark
  public int fileChannelWrite() throws IOException {
    return channel.write(buffer.clear(), offset());
  }

  /** A write of a hydrated region. */
  @Benchmark
  public void deviceWrite() throws IOException {
    blocking.write(offset(), buffer.clear());
  }

  private long offset() {
    return (long) random.nextInt(SIZE / BLOCK - 1) * BLOCK;
  }
}
