package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/**
 * What does hydration cost those who use the device meanwhile? 4 KiB reads and writes at a fixed
 * rate, each measured from when it was due, not from when it could be started: a request that had
 * to wait for a slow one before it is counted with that wait (no coordinated omission). The thread
 * stays awake in between, as to be woken takes longer than a request and varies more. Files in the
 * page cache; the requests go to the part of the device that was hydrated before, the same in all
 * runs, while hydration copies the rest, round after round in turns. Each figure is the median of
 * the rounds, a ratio is taken within its round. Hydration is off twice in each: what those two
 * differ by is the machine.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.LatencyRun JSON HEADLINE SECONDS ROUNDS [rate]
 * </pre>
 */
public final class LatencyRun {
  private static final int REGION = 4096;
  private static final long HYDRATED = 64L << 20;
  private static final long SIZE = 4L << 30;
  private static final long HIGHEST_NS = 60_000_000_000L;
  private static final String OFF = "off";
  private static final String OFF_AGAIN = "off, again";
  private static final long SETTLING_NS = 500_000_000;
  private static final double[] PERCENTILES = {50, 90, 99, 99.9};
  private static final double RATIO_OF = 99;
  private static final String RATIO = "p99 x off";

  private final Map<String, Figures> figures = new LinkedHashMap<>();
  private final Map<String, Double> latestOff = new LinkedHashMap<>();
  private final Path source;
  private final Path directory;
  private final long durationNs;
  private final long periodNs;

  private LatencyRun(BenchFiles files, long durationNs, long periodNs) throws IOException {
    this.source = files.random("source", SIZE);
    this.directory = source.getParent();
    this.durationNs = durationNs;
    this.periodNs = periodNs;
  }

  /**
   * Runs.
   *
   * @param args where to write, the first line to print, seconds a run, rounds, requests a second
   *     (2000)
   */
  public static void main(String[] args) throws Exception {
    long durationNs = (long) (Double.parseDouble(args[2]) * 1e9);
    int rate = args.length > 4 ? Integer.parseInt(args[4]) : 2000;
    Hydration hydration = Hydration.disabled();
    Map<String, Hydration> settings = new LinkedHashMap<>();
    settings.put(OFF, hydration);
    settings.put("yielding (default: at least 10 % of the time)", hydration);
    settings.put("yielding, without a floor", hydration.timeShareMin(0));
    settings.put("at least 50 % of the time", hydration.timeShareMin(50));
    settings.put("unlimited", hydration.timeShareMin(100));
    settings.put(OFF_AGAIN, hydration);
    try (BenchFiles files = new BenchFiles()) {
      LatencyRun run = new LatencyRun(files, durationNs, 1_000_000_000L / rate);
      for (int round = -1; round < Integer.parseInt(args[3]); round++) {
        for (Map.Entry<String, Hydration> setting : settings.entrySet()) {
          for (boolean write : new boolean[] {false, true}) {
            run.measure(setting.getKey(), setting.getValue(), write, round >= 0);
          }
        }
      }
      Results results = new Results(args[1]);
      run.tell(results, "read", settings.keySet());
      run.tell(results, "write", settings.keySet());
      results.publish(Path.of(args[0]));
    }
  }

  private void measure(String setting, Hydration hydration, boolean write, boolean counts)
      throws Exception {
    Path destination = directory.resolve("destination");
    Path metadata = directory.resolve("metadata");
    try (CloneDevice device =
        CloneDevice.builder()
            .source(FileChannelBlockStore.openReadOnly(source))
            .destination(FileChannelBlockStore.create(destination, SIZE))
            .metadata(
                FileChannelBlockStore.create(metadata, MetadataSize.forRegions(SIZE / REGION)))
            .regionSize(REGION)
            .hydration(hydration)
            .open()) {
      BlockStore blocking = device.blocking();
      ByteBuffer chunk = ByteBuffer.allocateDirect(1 << 20);
      for (long offset = 0; offset < HYDRATED; offset += chunk.capacity()) {
        blocking.write(offset, chunk.clear());
      }
      device.flush().join();
      // What the setting before left to be written or discarded is none of this one's.
      ExternalRun.of("sync");
      requests(blocking, write, SETTLING_NS);
      device.flush().join();
      if (!setting.equals(OFF) && !setting.equals(OFF_AGAIN)) {
        device.enableHydration();
      }
      long before = device.statusNoFlush().hydratedRegions();
      long start = System.nanoTime();
      Histogram histogram = requests(blocking, write, durationNs);
      double seconds = (System.nanoTime() - start) / 1e9;
      if (counts) {
        String request = write ? "write" : "read";
        long regions = device.statusNoFlush().hydratedRegions() - before;
        keep(request, setting, histogram, regions * REGION / seconds / (1 << 20));
      }
      device.disableHydration();
    }
    Files.delete(destination);
    Files.delete(metadata);
  }

  private Histogram requests(BlockStore store, boolean write, long durationNs) throws IOException {
    Histogram histogram = new Histogram(HIGHEST_NS, 3);
    ByteBuffer buffer = ByteBuffer.allocateDirect(REGION);
    SplittableRandom random = new SplittableRandom(1);
    long start = System.nanoTime();
    for (long due = start + periodNs; due - start < durationNs; due += periodNs) {
      awaitTime(due);
      long offset = (long) random.nextInt((int) (HYDRATED / REGION)) * REGION;
      if (write) {
        store.write(offset, buffer.clear());
      } else {
        store.read(offset, buffer.clear());
      }
      histogram.recordValue(System.nanoTime() - due);
    }
    return histogram;
  }

  private static void awaitTime(long dueNs) {
    while (System.nanoTime() - dueNs < 0) {
      Thread.onSpinWait();
    }
  }

  private void keep(String request, String setting, Histogram histogram, double rate) {
    for (double percentile : PERCENTILES) {
      double us = histogram.getValueAtPercentile(percentile) / 1e3;
      figures(request, setting, percentile).add(us);
    }
    double us = histogram.getValueAtPercentile(RATIO_OF) / 1e3;
    if (setting.equals(OFF)) {
      latestOff.put(request, us);
    }
    figures(request, setting, RATIO).add(us / latestOff.get(request));
    figures(request, setting, "rate").add(rate);
  }

  private Figures figures(String request, String setting, Object what) {
    return figures.computeIfAbsent(request + setting + what, key -> new Figures());
  }

  private void tell(Results results, String request, Iterable<String> settings) {
    Results.Table table =
        results.table(
            "4 KiB " + request,
            "hydration",
            "p50 us",
            "p90 us",
            "p99 us",
            "p99.9 us",
            RATIO,
            "least",
            "most",
            "hydrated MiB/s");
    for (String setting : settings) {
      Object[] row = new Object[9];
      row[0] = setting;
      for (int i = 0; i < PERCENTILES.length; i++) {
        row[i + 1] = figures(request, setting, PERCENTILES[i]).median();
      }
      Figures ratio = figures(request, setting, RATIO);
      row[5] = ratio.median();
      row[6] = ratio.least();
      row[7] = ratio.most();
      row[8] = figures(request, setting, "rate").median();
      table.add(row);
    }
  }
}
