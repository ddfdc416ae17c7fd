package io.clonedevice.bench;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.tool.MetadataCheck;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.file.Path;

/**
 * How long do formatting, checking and asking for the status take at 2^31 regions, and which memory
 * do they need? Prints the medians.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.MetadataToolsRun [rounds]</pre>
 */
public final class MetadataToolsRun {
  private MetadataToolsRun() {}

  /**
   * Runs.
   *
   * @param args rounds (5)
   */
  public static void main(String[] args) throws Exception {
    int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
    System.out.println("tools; " + Figures.environment());
    System.out.println("| what | time |");
    format(rounds);
    for (ScaledMetadata.Progress progress : ScaledMetadata.Progress.values()) {
      try (BenchFiles files = new BenchFiles()) {
        Path file = ScaledMetadata.create(files, progress);
        check(progress, file, rounds);
        status(progress, file);
      }
    }
  }

  private static void format(int rounds) throws IOException {
    Figures format = new Figures();
    for (int round = 0; round < rounds; round++) {
      try (BenchFiles files = new BenchFiles()) {
        Path file = files.path("metadata");
        FileChannelBlockStore.create(file, MetadataSize.forRegions(ScaledMetadata.REGIONS)).close();
        format.time(() -> ScaledMetadata.open(file).close());
      }
    }
    System.out.printf("| format, flushed | %.0f ms |%n", format.median());
  }

  private static void check(ScaledMetadata.Progress progress, Path file, int rounds)
      throws IOException {
    Figures check = new Figures();
    for (int round = 0; round < rounds; round++) {
      try (CountingMetadataDevice device = ScaledMetadata.device(file)) {
        check.time(
            () -> {
              if (!MetadataCheck.of(device).faults().isEmpty()) {
                throw new IllegalStateException("faults");
              }
            });
      }
    }
    System.out.printf("| check, %s hydrated | %.0f ms |%n", progress, check.median());
  }

  private static void status(ScaledMetadata.Progress progress, Path file) throws IOException {
    int calls = 1_000_000;
    try (CloneMetadata metadata = ScaledMetadata.open(file)) {
      long[] sum = new long[1];
      double ms =
          Figures.milliseconds(
              () -> {
                for (int i = 0; i < calls; i++) {
                  sum[0] +=
                      metadata.regionMap().hydratedCount()
                          + metadata.usedBlocks()
                          + metadata.totalBlocks()
                          + metadata.mode().ordinal();
                }
              });
      System.out.printf(
          "| status's figures, %s hydrated: %,d regions, %,d blocks used | %.0f ns |%n",
          progress,
          metadata.regionMap().hydratedCount(),
          metadata.usedBlocks(),
          ms * 1e6 / calls + 0 * sum[0]);
    }
  }
}
