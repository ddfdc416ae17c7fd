package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * How fast, and with how much processor time, is a file hydrated into a new file by a process that
 * has done it several times before, as one that embeds the library does, beside tools that copy the
 * file and flush it? Source in the page cache, 4 KiB regions, default settings; rounds in random
 * order. Our processor time is that of the whole process meanwhile, its compilers included, and,
 * apart, that of the devices' threads.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.WarmHydrationRun JSON HEADLINE MiB ROUNDS
 * </pre>
 */
public final class WarmHydrationRun {
  private static final int REGION = 4096;
  private static final int CLONES_BEFORE = 8;
  private static final String OURS = "hydration";
  private static final String THREADS = "hydration: its threads, without the JVM's own";
  private static final String BARE = "the same calls in this process, without a device";
  private static final String CP = "cp";
  private static final String NBDCOPY = "nbdcopy";

  @FunctionalInterface
  private interface Contender {
    void copy(boolean counts) throws IOException, InterruptedException;
  }

  private final Map<String, Figures> seconds = new HashMap<>();
  private final Map<String, Figures> processor = new HashMap<>();
  private final Figures firstRead = new Figures();
  private final Path source;
  private final Path destination;
  private final Path metadata;
  private final long size;

  private WarmHydrationRun(BenchFiles files, long size) throws IOException {
    this.source = files.random("source", size);
    this.destination = files.path("destination");
    this.metadata = files.path("metadata");
    this.size = size;
  }

  /**
   * Runs.
   *
   * @param args where to write, the first line to print, size in MiB, rounds
   */
  public static void main(String[] args) throws Exception {
    try (BenchFiles files = new BenchFiles()) {
      boolean nbdcopy = ExternalRun.isInstalled(NBDCOPY);
      if (!nbdcopy) {
        System.err.println("left out: nbdcopy is not installed");
      }
      WarmHydrationRun run = new WarmHydrationRun(files, Long.parseLong(args[2]) << 20);
      // Until code is compiled; what is compiled later still costs processor time.
      for (int i = 0; i < CLONES_BEFORE; i++) {
        run.hydrate(false);
      }
      List<Contender> contenders = new ArrayList<>(List.of(run::hydrate, run::bare));
      contenders.add(counts -> run.copy(counts, CP, "--reflink=never", "--sparse=never"));
      if (nbdcopy) {
        contenders.add(counts -> run.copy(counts, NBDCOPY, "--flush", "--allocated"));
      }
      // What one leaves in memory, the next one meets: each is to come after each of the others.
      Random order = new Random(1);
      // The first of each does not count: the first use of memory and disk blocks is slower.
      for (int round = -1; round < Integer.parseInt(args[3]); round++) {
        Collections.shuffle(contenders, order);
        for (Contender contender : contenders) {
          contender.copy(round >= 0);
        }
      }
      Results results = new Results(args[1]);
      run.tell(results);
      results.publish(Path.of(args[0]));
    }
  }

  private void hydrate(boolean counts) throws IOException, InterruptedException {
    ExternalRun.of("sync");
    long processorStart = Figures.processorNs();
    long start = System.nanoTime();
    double untilFirstRead;
    double threadsSeconds;
    try (CloneDevice device =
        CloneDevice.builder()
            .source(FileChannelBlockStore.openReadOnly(source))
            .destination(FileChannelBlockStore.create(destination, size))
            .metadata(
                FileChannelBlockStore.create(metadata, MetadataSize.forRegions(size / REGION)))
            .regionSize(REGION)
            .open()) {
      device.blocking().read(size / 2, ByteBuffer.allocateDirect(REGION));
      untilFirstRead = (System.nanoTime() - start) / 1e9;
      device.hydrated().join();
      threadsSeconds = DeviceThreads.processorSeconds();
    }
    double elapsed = (System.nanoTime() - start) / 1e9;
    double processorSeconds = (Figures.processorNs() - processorStart) / 1e9;
    Files.delete(destination);
    Files.delete(metadata);
    if (counts) {
      add(OURS, elapsed, processorSeconds);
      add(THREADS, elapsed, threadsSeconds);
      firstRead.add(untilFirstRead);
    }
  }

  private void bare(boolean counts) throws IOException, InterruptedException {
    ExternalRun.of("sync");
    long processorStart = Figures.processorNs();
    long start = System.nanoTime();
    BareCopy.copy(source, destination);
    double elapsed = (System.nanoTime() - start) / 1e9;
    double processorSeconds = (Figures.processorNs() - processorStart) / 1e9;
    Files.delete(destination);
    if (counts) {
      add(BARE, elapsed, processorSeconds);
    }
  }

  private void copy(boolean counts, String tool, String... options)
      throws IOException, InterruptedException {
    ExternalRun.of("sync");
    String words = tool + " " + String.join(" ", options) + " " + source + " " + destination;
    ExternalRun run =
        ExternalRun.of(List.of(List.of(words.split(" ")), List.of("sync", destination.toString())));
    Files.delete(destination);
    if (counts) {
      add(tool, run.seconds(), run.processorSeconds());
    }
  }

  private void add(String tool, double elapsed, double processorSeconds) {
    seconds.computeIfAbsent(tool, key -> new Figures()).add(elapsed);
    processor.computeIfAbsent(tool, key -> new Figures()).add(processorSeconds);
  }

  private void tell(Results results) {
    Results.Table table =
        results.table(
            "in a process that has done it before",
            "tool",
            "MiB/s",
            "x cp",
            "slowest round",
            "CPU s",
            "x the CPU of cp",
            "least CPU s",
            "first read ms");
    double mib = size / (double) (1 << 20);
    double cp = seconds.get(CP).median();
    double cpProcessor = processor.get(CP).median();
    for (String tool : List.of(OURS, THREADS, BARE, CP, NBDCOPY)) {
      Figures figures = seconds.get(tool);
      if (figures != null) {
        table.add(
            tool,
            mib / figures.median(),
            cp / figures.median(),
            mib / figures.most(),
            processor.get(tool).median(),
            processor.get(tool).median() / cpProcessor,
            processor.get(tool).least(),
            tool.equals(OURS) ? firstRead.median() * 1e3 : null);
      }
    }
  }
}
