package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneRuntime;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.testing.SlowBlockStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Is hydration of a source that takes its time for each request parallel enough? Bandwidth by
 * latency, of the defaults beside fixed numbers of copies in flight; the ideal is what so many
 * copies of 1 MiB can move if nothing but the latency takes time. Runs until the clone is done or
 * the time is over; the first seconds, in which the hydrator finds out, are in it.
 *
 * <pre>
 * java -cp benchmarks.jar io.clonedevice.bench.SlowSourceRun JSON HEADLINE CLONE_JAR SECONDS ROUNDS
 * </pre>
 */
public final class SlowSourceRun {
  private static final int REGION = 4096;
  private static final long COPY = 1 << 20;
  private static final long SIZE = 4L << 30;
  private static final int[] LATENCIES_MS = {0, 1, 10, 100};
  private static final List<Integer> COPIES = List.of(4, 16, 64);

  private final Path source;
  private final Path directory;
  private final double seconds;

  private SlowSourceRun(BenchFiles files, double seconds) throws Exception {
    this.source = files.random("source", SIZE);
    this.directory = source.getParent();
    this.seconds = seconds;
  }

  /**
   * Runs.
   *
   * @param args where to write, the first line to print, the command line program for the part over
   *     NBD, seconds a run, rounds
   */
  public static void main(String[] args) throws Exception {
    Results results = new Results(args[1]);
    Results.Table table =
        results.table(
            "a source that delays each request",
            "latency ms",
            "copies in flight",
            "MiB/s",
            "x ideal",
            "x the best of the table");
    try (BenchFiles files = new BenchFiles()) {
      int rounds = Integer.parseInt(args[4]);
      SlowSourceRun run = new SlowSourceRun(files, Double.parseDouble(args[3]));
      // Does not count: the first use of memory, disk blocks and code is slower.
      run.measure(0, Hydration.background());
      for (int latency : LATENCIES_MS) {
        run.tell(table, latency, rounds);
      }
      NbdSourceRun.tell(results, Path.of(args[2]), files, LATENCIES_MS, rounds);
    }
    results.publish(Path.of(args[0]));
  }

  private void tell(Results.Table table, int latencyMs, int rounds) throws Exception {
    Figures defaults = new Figures();
    Figures[] fixed = COPIES.stream().map(copies -> new Figures()).toArray(Figures[]::new);
    for (int round = 0; round < rounds; round++) {
      defaults.add(measure(latencyMs, Hydration.background()));
      for (int i = 0; i < fixed.length; i++) {
        long regions = COPY / REGION * COPIES.get(i);
        fixed[i].add(measure(latencyMs, Hydration.background().threshold(regions)));
      }
    }
    double best = defaults.median();
    for (Figures each : fixed) {
      best = Math.max(best, each.median());
    }
    table.add(latencyMs, "default", defaults.median(), null, defaults.median() / best);
    for (int i = 0; i < fixed.length; i++) {
      double ideal =
          latencyMs == 0 ? Double.NaN : COPIES.get(i) * COPY / (latencyMs / 1e3) / (1 << 20);
      double reached = fixed[i].median();
      table.add(latencyMs, COPIES.get(i), reached, reached / ideal, reached / best);
    }
  }

  /** Returns MiB per second. */
  private double measure(int latencyMs, Hydration hydration) throws Exception {
    Path destination = directory.resolve("destination");
    Path metadata = directory.resolve("metadata");
    double rate;
    try (CloneRuntime runtime = CloneRuntime.create();
        CloneDevice device =
            CloneDevice.builder()
                .source(
                    new SlowBlockStore(
                        FileChannelBlockStore.openReadOnly(source), Duration.ofMillis(latencyMs)))
                .destination(FileChannelBlockStore.create(destination, SIZE))
                .metadata(
                    FileChannelBlockStore.create(metadata, MetadataSize.forRegions(SIZE / REGION)))
                .regionSize(REGION)
                .runtime(runtime)
                .hydration(hydration)
                .open()) {
      long start = System.nanoTime();
      awaitHydration(device, seconds);
      long copied = device.statusNoFlush().hydratedRegions() * REGION;
      rate = copied / ((System.nanoTime() - start) / 1e9) / (1 << 20);
      device.disableHydration();
    }
    Files.delete(destination);
    Files.delete(metadata);
    return rate;
  }

  /** Waits until the device is hydrated, or the time is over. */
  private static void awaitHydration(CloneDevice device, double seconds) throws Exception {
    try {
      device.hydrated().get((long) (seconds * 1000), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return; // what was copied until then tells the rate as well
    }
  }
}
