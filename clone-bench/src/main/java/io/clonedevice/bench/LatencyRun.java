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
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/**
 * What does hydration cost those who use the device meanwhile? 4 KiB reads and writes at a fixed
 * rate, each measured from when it was due, not from when it could be started: a request that had
 * to wait for a slow one before it is counted with that wait (no coordinated omission). The thread
 * stays awake in between, as to be woken takes longer than a request and varies more. Files in the
 * page cache; the requests go to the part of the device that was hydrated before, the same in all
 * runs, while hydration copies the rest, round after round, each in random order. Percentiles are
 * those of the requests of all rounds together: even a thread that only looks at the clock has
 * rounds that are hundreds of times worse than others. Hydration is off twice in a round: what
 * those two differ by is the machine. It is off, too, while another process writes as much as
 * hydration did, to another file: what of the cost is that of any program that writes there.
 * Settings that write all the time are measured in rounds of their own, as the disk and the file
 * system are not done with that when the next setting begins.
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
  private static final String OFF_BESIDE_WRITER = "off, another process writes as much (fio)";
  private static final String OFF_BESIDE_EAGER = "off, in turns with the two below";
  private static final String YIELDING = "yielding (default: at least 10 % of the time)";
  private static final long SETTLING_NS = 500_000_000;

  private final Map<String, Measured> measured = new LinkedHashMap<>();

  // By whether the requests are writes: what hydration copied beside them a moment ago, in MiB/s.
  private final Map<Boolean, Double> latestYielding = new HashMap<>();
  private final Path source;
  private final Path directory;
  private final long durationNs;
  private final long periodNs;

  /** The requests of one kind beside one setting of hydration. */
  private static final class Measured {
    private final Histogram requests = new Histogram(HIGHEST_NS, 3);
    private final Figures roundsP99 = new Figures();
    private final Figures hydrated = new Figures();

    double us(double percentile) {
      return requests.getValueAtPercentile(percentile) / 1e3;
    }
  }

  private LatencyRun(BenchFiles files, long durationNs, long periodNs) throws IOException {
    this.source = files.random("source", SIZE);
    this.directory = source.getParent();
    this.durationNs = durationNs;
    this.periodNs = periodNs;
  }

  /**
   * Runs.
   *
   * @param args where to write, the first line to print, seconds a run, rounds (a third of them for
   *     the settings that write all the time), requests a second (2000)
   */
  public static void main(String[] args) throws Exception {
    long durationNs = (long) (Double.parseDouble(args[2]) * 1e9);
    int rate = args.length > 4 ? Integer.parseInt(args[4]) : 2000;
    Hydration hydration = Hydration.disabled();
    Map<String, Hydration> yielding = new LinkedHashMap<>();
    yielding.put(OFF, hydration);
    yielding.put(YIELDING, hydration);
    yielding.put("yielding, without a floor", hydration.timeShareMin(0));
    yielding.put(OFF_AGAIN, hydration);
    if (ExternalRun.isInstalled("fio")) {
      yielding.put(OFF_BESIDE_WRITER, hydration);
    } else {
      System.err.println("left out: fio is not installed");
    }
    Map<String, Hydration> eager = new LinkedHashMap<>();
    eager.put(OFF_BESIDE_EAGER, hydration);
    eager.put("at least 50 % of the time", hydration.timeShareMin(50));
    eager.put("unlimited", hydration.timeShareMin(100));
    try (BenchFiles files = new BenchFiles()) {
      LatencyRun run = new LatencyRun(files, durationNs, 1_000_000_000L / rate);
      int rounds = Integer.parseInt(args[3]);
      run.measure(yielding, rounds);
      run.measure(eager, (rounds + 2) / 3);
      List<String> all = new ArrayList<>(yielding.keySet());
      all.addAll(eager.keySet());
      Results results = new Results(args[1]);
      run.tell(results, "read", all);
      run.tell(results, "write", all);
      results.publish(Path.of(args[0]));
    }
  }

  private void measure(Map<String, Hydration> settings, int rounds) throws Exception {
    List<String> inTurn = new ArrayList<>(settings.keySet());
    // What one leaves in memory and on the disk, the next one meets.
    Random order = new Random(1);
    for (int round = -1; round < rounds; round++) {
      for (String setting : inTurn) {
        for (boolean write : new boolean[] {false, true}) {
          Process writer =
              setting.equals(OFF_BESIDE_WRITER) ? writeElsewhere(latestYielding.get(write)) : null;
          try {
            measure(setting, settings.get(setting), write, round >= 0);
            if (writer != null && !writer.isAlive()) {
              throw new IOException("fio ended with " + writer.exitValue());
            }
          } finally {
            if (writer != null) {
              writer.destroyForcibly().waitFor();
              Files.deleteIfExists(elsewhere());
            }
          }
        }
      }
      Collections.shuffle(inTurn, order);
    }
  }

  private Process writeElsewhere(double mibPerSecond) throws IOException {
    // A thread, not a process of its own that would outlive this one's end.
    return new ProcessBuilder(
            "fio",
            "--thread",
            "--name=writer",
            "--rw=write",
            "--bs=1M",
            "--direct=1",
            "--time_based",
            "--runtime=60",
            "--filename=" + elsewhere(),
            "--size=" + SIZE,
            "--rate=" + (long) (mibPerSecond * (1 << 20)))
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private Path elsewhere() {
    return directory.resolve("elsewhere");
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
      if (!setting.startsWith(OFF)) {
        device.enableHydration();
      }
      long before = device.statusNoFlush().hydratedRegions();
      long start = System.nanoTime();
      Histogram histogram = requests(blocking, write, durationNs);
      double seconds = (System.nanoTime() - start) / 1e9;
      long regions = device.statusNoFlush().hydratedRegions() - before;
      double hydratedMib = regions * REGION / seconds / (1 << 20);
      if (setting.equals(YIELDING)) {
        latestYielding.put(write, hydratedMib);
      }
      if (counts) {
        keep(write ? "write" : "read", setting, histogram, hydratedMib);
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

  private void keep(String request, String setting, Histogram round, double hydratedMib) {
    Measured kept = measured.computeIfAbsent(request + setting, key -> new Measured());
    kept.requests.add(round);
    kept.roundsP99.add(round.getValueAtPercentile(99) / 1e3);
    kept.hydrated.add(hydratedMib);
  }

  private void tell(Results results, String request, List<String> settings) {
    Results.Table table =
        results.table(
            "4 KiB " + request,
            "hydration",
            "p50 us",
            "p90 us",
            "p99 us",
            "p99.9 us",
            "p99 x off",
            "least p99 of a round",
            "most",
            "hydrated MiB/s");
    double off = Double.NaN;
    for (String setting : settings) {
      Measured kept = measured.get(request + setting);
      if (isBase(setting)) {
        off = kept.us(99);
      }
      table.add(
          setting,
          kept.us(50),
          kept.us(90),
          kept.us(99),
          kept.us(99.9),
          kept.us(99) / off,
          kept.roundsP99.least(),
          kept.roundsP99.most(),
          kept.hydrated.median());
    }
  }

  /** Whether what follows is measured in turns with this, and compared with it. */
  private static boolean isBase(String setting) {
    return setting.equals(OFF) || setting.equals(OFF_BESIDE_EAGER);
  }
}
