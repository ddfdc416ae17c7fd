package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How fast is a file hydrated into a new file, beside {@code cp} and a flush of the same file?
 * Rounds take turns; prints each and the medians. Also the time from {@code open} to the first
 * read.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.HydrationRun [MiB] [region bytes] [rounds]
 * </pre>
 */
public final class HydrationRun {
  private HydrationRun() {}

  /**
   * Runs.
   *
   * @param args size in MiB (1024), region size in bytes (4096), rounds (5)
   */
  public static void main(String[] args) throws Exception {
    long size = (args.length > 0 ? Long.parseLong(args[0]) : 1024) << 20;
    int regionSize = args.length > 1 ? Integer.parseInt(args[1]) : 4096;
    int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 5;
    List<Double> copies = new ArrayList<>();
    List<Double> clones = new ArrayList<>();
    List<Double> firstReads = new ArrayList<>();
    try (BenchFiles files = new BenchFiles()) {
      Path source = files.random("source", size);
      // One round of each that does not count: the first use of memory and disk blocks is slower.
      copy(source, files.path("copy"));
      hydrate(source, files, -1, size, regionSize, new ArrayList<>());
      for (int round = 0; round < rounds; round++) {
        copies.add(copy(source, files.path("copy-" + round)));
        clones.add(hydrate(source, files, round, size, regionSize, firstReads));
        System.out.printf(
            "round %d: cp + sync %.2f s, hydrated %.2f s, first read after %.1f ms%n",
            round, copies.get(round), clones.get(round), firstReads.get(round) * 1e3);
      }
    }
    double mib = size / (double) (1 << 20);
    System.out.printf(
        "median of %d: cp + sync %.0f MiB/s, hydration %.0f MiB/s (%.2f x), first read %.1f ms%n",
        rounds,
        mib / median(copies),
        mib / median(clones),
        median(copies) / median(clones),
        median(firstReads) * 1e3);
  }

  private static double copy(Path source, Path target) throws IOException, InterruptedException {
    long start = System.nanoTime();
    run("cp", "--reflink=never", source.toString(), target.toString());
    run("sync", target.toString());
    double seconds = secondsSince(start);
    run("rm", target.toString());
    return seconds;
  }

  private static double hydrate(
      Path source, BenchFiles files, int round, long size, int regionSize, List<Double> firstReads)
      throws IOException, InterruptedException {
    Path destination = files.path("destination-" + round);
    Path metadata = files.path("metadata-" + round);
    long start = System.nanoTime();
    try (CloneDevice device =
        CloneDevice.builder()
            .source(FileChannelBlockStore.openReadOnly(source))
            .destination(FileChannelBlockStore.create(destination, size))
            .metadata(
                FileChannelBlockStore.create(
                    metadata, MetadataSize.forRegions((size - 1) / regionSize + 1)))
            .regionSize(regionSize)
            .open()) {
      device.blocking().read(size / 2, ByteBuffer.allocateDirect(4096));
      firstReads.add(secondsSince(start));
      device.hydrated().join();
    }
    double seconds = secondsSince(start);
    run("rm", destination.toString(), metadata.toString());
    return seconds;
  }

  private static void run(String... command) throws IOException, InterruptedException {
    if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
      throw new IOException("failed: " + String.join(" ", command));
    }
  }

  private static double secondsSince(long startNs) {
    return (System.nanoTime() - startNs) / 1e9;
  }

  private static double median(List<Double> values) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }
}
