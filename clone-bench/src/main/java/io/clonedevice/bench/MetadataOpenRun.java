package io.clonedevice.bench;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import net.openhft.chronicle.bytes.BytesStore;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * How long does it take to open metadata of 2^31 regions, beside reading as many bytes of the file
 * from its beginning? And beside the least that anything must do that looks at what it reads: the
 * same with one comparison for each block. The file is in the page cache, so all of it is processor
 * time of one thread, and that is what is compared: it depends less on what else the machine does.
 * Rounds take turns; prints what the first open of the JVM takes, the medians of later ones, when
 * the loops are compiled, and the memory that the open metadata takes.
 *
 * <pre>java -Xms256m -Xmx256m -XX:+AlwaysPreTouch -cp benchmarks.jar \
 *     io.clonedevice.bench.MetadataOpenRun [rounds]</pre>
 */
public final class MetadataOpenRun {
  private static final int CHUNK = 128 << 10;
  private static final int HEADER = 24;

  // Printed, so that the compiler cannot leave out the comparison.
  private static long uniformBlocks;

  private MetadataOpenRun() {}

  /**
   * Runs.
   *
   * @param args rounds (9)
   */
  public static void main(String[] args) throws Exception {
    int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 9;
    System.out.println("open, ms of processor time; " + Figures.environment());
    try (BenchFiles files = new BenchFiles()) {
      warmUp(ScaledMetadata.create(files, ScaledMetadata.Progress.HALF), rounds);
    }
    System.out.println(
        "| hydrated | read | read and compare | read into fresh memory | open | x read | x compare"
            + " | x fresh | open, elapsed | memory MiB | heap MiB |");
    for (ScaledMetadata.Progress progress : ScaledMetadata.Progress.values()) {
      try (BenchFiles files = new BenchFiles()) {
        run(progress, ScaledMetadata.create(files, progress), rounds);
      }
    }
    System.out.println("uniform blocks that the comparison met: " + uniformBlocks);
  }

  private static void warmUp(Path file, int rounds) throws IOException {
    Figures open = new Figures();
    for (int round = 0; round < 2 * rounds; round++) {
      open.add(Figures.processorMilliseconds(() -> ScaledMetadata.open(file).close()));
    }
    System.out.printf("half hydrated, the first open of the JVM: %.0f ms%n", open.first());
  }

  private static void run(ScaledMetadata.Progress progress, Path file, int rounds)
      throws IOException {
    long bytes = usedBytes(file);
    Figures read = new Figures();
    Figures readAndCompare = new Figures();
    Figures readFresh = new Figures();
    Figures open = new Figures();
    Figures elapsed = new Figures();
    Figures memory = new Figures();
    Figures heap = new Figures();
    for (int round = 0; round < rounds; round++) {
      read.add(Figures.processorMilliseconds(() -> read(file, bytes)));
      readAndCompare.add(Figures.processorMilliseconds(() -> readAndCompare(file, bytes)));
      readFresh.add(Figures.processorMilliseconds(() -> readIntoFreshMemory(file, bytes)));
      double heapBefore = Figures.heap();
      double memoryBefore = Figures.anonymousMemory();
      CloneMetadata[] opened = new CloneMetadata[1];
      elapsed.time(
          () ->
              open.add(Figures.processorMilliseconds(() -> opened[0] = ScaledMetadata.open(file))));
      try (CloneMetadata metadata = opened[0]) {
        memory.add(Figures.anonymousMemory() - memoryBefore);
        heap.add(Figures.heap() - heapBefore);
        metadata.regionMap().isHydrated(0);
      }
    }
    System.out.printf(
        "| %s | %.0f | %.0f | %.0f | %.0f | %.2f | %.2f | %.2f | %.0f | %.1f | %.1f |%n",
        progress,
        read.median(),
        readAndCompare.median(),
        readFresh.median(),
        open.median(),
        open.median() / read.median(),
        open.median() / readAndCompare.median(),
        open.median() / readFresh.median(),
        elapsed.median(),
        memory.median(),
        heap.median());
  }

  private static long usedBytes(Path file) throws IOException {
    try (CloneMetadata metadata = ScaledMetadata.open(file)) {
      return metadata.usedBlocks() * MetadataDevice.BLOCK_SIZE;
    }
  }

  private static void read(Path file, long bytes) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK);
    try (FileChannel channel = FileChannel.open(file)) {
      for (long offset = 0; offset < bytes; offset += chunk.position()) {
        channel.read(chunk.clear(), offset);
      }
    }
  }

  /** Reads, and compares the words of each block with zeroes, or with ones if that is its first. */
  private static void readAndCompare(Path file, long bytes) throws IOException {
    ByteBuffer chunk = BenchClone.buffer(CHUNK);
    ByteBuffer zeroes = BenchClone.buffer(MetadataDevice.BLOCK_SIZE).position(HEADER);
    ByteBuffer ones = BenchClone.buffer(MetadataDevice.BLOCK_SIZE);
    while (ones.hasRemaining()) {
      ones.putLong(-1L);
    }
    ones.position(HEADER);
    try (FileChannel channel = FileChannel.open(file)) {
      for (long offset = 0; offset < bytes; offset += CHUNK) {
        channel.read(chunk.clear(), offset);
        for (int at = 0; at < CHUNK; at += MetadataDevice.BLOCK_SIZE) {
          chunk.limit(at + MetadataDevice.BLOCK_SIZE).position(at + HEADER);
          uniformBlocks += chunk.equals(chunk.getLong(at + HEADER) == 0 ? zeroes : ones) ? 1 : 0;
        }
      }
    }
  }

  private static void readIntoFreshMemory(Path file, long bytes) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK);
    BytesStore<?, Void> memory = BytesStore.lazyNativeBytesStoreWithFixedCapacity(bytes + CHUNK);
    UnsafeBuffer view =
        new UnsafeBuffer(memory.addressForWrite(0), Math.toIntExact(memory.capacity()));
    try (FileChannel channel = FileChannel.open(file)) {
      for (long offset = 0; offset < bytes; offset += chunk.position()) {
        channel.read(chunk.clear(), offset);
        view.putBytes((int) offset, chunk, 0, chunk.position());
      }
    } finally {
      memory.releaseLast();
    }
  }
}
