package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntFunction;

/**
 * How long does it take to open a clone, and until its first byte can be read? Of 1 TiB at 64 KiB a
 * region (2^24 regions): new, half hydrated in one run, and with every second region hydrated, the
 * first time in a JVM (of several) and later.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.StartRun JSON HEADLINE ROUNDS</pre>
 */
public final class StartRun {
  private static final long SIZE = 1L << 40;
  private static final int REGION = 1 << 16;
  private static final long REGIONS = SIZE / REGION;
  private static final int JVMS = 5;

  private record Opening(double openMs, double firstByteMs) {}

  private final Path source;
  private final Path destination;

  private StartRun(Path source, Path destination) {
    this.source = source;
    this.destination = destination;
  }

  /**
   * Runs.
   *
   * @param args where to write, the first line to print, rounds; or {@code once} and the files of
   *     source, destination and metadata, in a JVM that does nothing else
   */
  public static void main(String[] args) throws Exception {
    if (args[0].equals("once")) {
      StartRun run = new StartRun(Path.of(args[1]), Path.of(args[2]));
      Opening opening = run.open(Path.of(args[3]));
      System.out.println(opening.openMs() + " " + opening.firstByteMs());
      return;
    }
    int rounds = Integer.parseInt(args[2]);
    Results results = new Results(args[1]);
    Results.Table table =
        results.table(
            "start",
            "clone of 1 TiB, 2^24 regions",
            "open, first in a JVM, ms",
            "and first byte",
            "open, later, ms",
            "and first byte",
            "slowest");
    try (BenchFiles files = new BenchFiles()) {
      StartRun run = new StartRun(files.path("source"), files.path("destination"));
      FileChannelBlockStore.create(run.source, SIZE).close();
      FileChannelBlockStore.create(run.destination, SIZE).close();
      run.tell(table, "new: formatted first", rounds, round -> files.path("new-" + round));
      for (int step : new int[] {1, 2}) {
        Path metadata = files.path("metadata-" + step);
        run.hydrateHalf(metadata, step);
        String what = step == 1 ? "first half hydrated" : "every second region hydrated";
        run.tell(table, what, rounds, round -> metadata);
      }
    }
    results.publish(Path.of(args[0]));
  }

  private void tell(Results.Table table, String what, int rounds, IntFunction<Path> metadata)
      throws IOException, InterruptedException {
    Figures firstOpen = new Figures();
    Figures firstByte = new Figures();
    for (int round = -JVMS; round < 0; round++) {
      List<String> once =
          ExternalRun.java(
              StartRun.class,
              "once",
              source.toString(),
              destination.toString(),
              metadata.apply(round).toString());
      String[] outcome = ExternalRun.of(List.of(once)).output().trim().split(" ");
      firstOpen.add(Double.parseDouble(outcome[0]));
      firstByte.add(Double.parseDouble(outcome[1]));
    }
    Figures laterOpen = new Figures();
    Figures laterByte = new Figures();
    for (int round = 0; round < rounds; round++) {
      Opening opening = open(metadata.apply(round));
      laterOpen.add(opening.openMs());
      laterByte.add(opening.firstByteMs());
    }
    table.add(
        what,
        firstOpen.median(),
        firstByte.median(),
        laterOpen.median(),
        laterByte.median(),
        laterByte.most());
  }

  private Opening open(Path metadata) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
    long start = System.nanoTime();
    try (CloneDevice device = device(metadata)) {
      double openMs = (System.nanoTime() - start) / 1e6;
      device.blocking().read(SIZE - 4096, buffer);
      return new Opening(openMs, (System.nanoTime() - start) / 1e6);
    }
  }

  private CloneDevice device(Path metadata) throws IOException {
    return CloneDevice.builder()
        .source(FileChannelBlockStore.openReadOnly(source))
        .destination(FileChannelBlockStore.open(destination))
        .metadata(FileChannelBlockStore.openOrCreate(metadata, MetadataSize.forRegions(REGIONS)))
        .regionSize(REGION)
        .discardPassdown(false)
        .hydration(Hydration.disabled())
        .open();
  }

  /**
   * By discards, which mark without a copy: {@code step} 1 the first half, 2 every second region.
   */
  private void hydrateHalf(Path metadata, int step) throws IOException {
    try (CloneDevice device = device(metadata)) {
      long run = step == 1 ? 1L << 30 : REGION;
      for (long offset = 0; offset < SIZE / 2 * step; offset += run * step) {
        device.blocking().discard(offset, run);
      }
    }
  }
}
