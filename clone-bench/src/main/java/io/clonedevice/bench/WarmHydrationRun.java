package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How fast, and with how much processor time, is a file hydrated into a new file by a process that
 * has done it some times before, as one that embeds the library does, beside tools that copy the
 * file and flush it? Source in the page cache, 4 KiB regions, default settings; rounds take turns.
 * Our processor time is that of the whole process meanwhile.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.WarmHydrationRun JSON HEADLINE MiB ROUNDS
 * </pre>
 */
public final class WarmHydrationRun {
  private static final int REGION = 4096;
  private static final int CLONES_BEFORE = 8;
  private static final String OURS = "hydration";
  private static final String CP = "cp";

  private final Map<String, Figures> seconds = new LinkedHashMap<>();
  private final Map<String, Figures> processor = new LinkedHashMap<>();
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
      boolean nbdcopy = ExternalRun.isInstalled("nbdcopy");
      if (!nbdcopy) {
        System.err.println("left out: nbdcopy is not installed");
      }
      WarmHydrationRun run = new WarmHydrationRun(files, Long.parseLong(args[2]) << 20);
      // Until code is compiled; what is compiled later still costs processor time.
      for (int i = 0; i < CLONES_BEFORE; i++) {
        run.hydrate(false);
      }
      // The first of each does not count: the first use of memory and disk blocks is slower.
      for (int round = -1; round < Integer.parseInt(args[3]); round++) {
        run.hydrate(round >= 0);
        run.copy(round >= 0, CP, "--reflink=never", "--sparse=never");
        if (nbdcopy) {
          run.copy(round >= 0, "nbdcopy", "--flush", "--allocated");
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
    }
    double elapsed = (System.nanoTime() - start) / 1e9;
    double processorSeconds = (Figures.processorNs() - processorStart) / 1e9;
    Files.delete(destination);
    Files.delete(metadata);
    if (counts) {
      add(OURS, elapsed, processorSeconds);
      firstRead.add(untilFirstRead);
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
            "first read ms");
    double mib = size / (double) (1 << 20);
    double cp = seconds.get(CP).median();
    double cpProcessor = processor.get(CP).median();
    seconds.forEach(
        (tool, figures) ->
            table.add(
                tool,
                mib / figures.median(),
                cp / figures.median(),
                mib / figures.most(),
                processor.get(tool).median(),
                processor.get(tool).median() / cpProcessor,
                tool.equals(OURS) ? firstRead.median() * 1e3 : null));
  }
}
