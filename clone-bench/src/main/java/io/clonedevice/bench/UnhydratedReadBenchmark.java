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
 * Is a read over unhydrated regions of 4 KiB, 256 of them for 1 MiB, one read of the source? The
 * baseline is one read of a {@code FileChannel}; the source is in the page cache.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class UnhydratedReadBenchmark {
  private static final int SIZE = 64 << 20;
  private static final int REGION = 4096;

  /** Medium and length of the requests; a file is all that is tried. */
  @Param({"file-4K", "file-1M"})
  public String where;

  private ByteBuffer buffer;
  private long next;
  private BenchFiles files;
  private CloneDevice device;
  private BlockStore blocking;
  private FileChannel channel;

  /** Makes a clone of which nothing is hydrated. */
  @Setup
  public void open() throws IOException {
    buffer = ByteBuffer.allocateDirect(Where.parse(where).length());
    files = new BenchFiles();
    Path source = files.random("source", SIZE);
    device =
        CloneDevice.builder()
            .source(FileChannelBlockStore.openReadOnly(source))
            .destination(FileChannelBlockStore.create(files.path("destination"), SIZE))
            .metadata(
                FileChannelBlockStore.create(
                    files.path("metadata"), MetadataSize.forRegions(SIZE / REGION)))
            .regionSize(REGION)
            .hydration(Hydration.disabled())
            .open();
    blocking = device.blocking();
    channel = FileChannel.open(source, StandardOpenOption.READ);
  }

  /** Removes the files. */
  @TearDown
  public void close() throws IOException {
    channel.close();
    device.close();
    files.close();
  }

  /** The baseline. */
  @Benchmark
  public int bareRead() throws IOException {
    return channel.read(buffer.clear(), offset());
  }

  /** A read over unhydrated regions. */
  @Benchmark
  public void deviceRead() throws IOException {
    blocking.read(offset(), buffer.clear());
  }

  private long offset() {
    next = (next + buffer.capacity()) % SIZE;
    return next;
  }
}
