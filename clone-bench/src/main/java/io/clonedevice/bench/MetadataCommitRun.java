package io.clonedevice.bench;

import io.clonedevice.metadata.CloneMetadata;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * What does a commit cost at 2^31 regions, when one, a thousand and a million of them are dirty?
 * Metadata blocks written, flushes of the metadata device, time; regions in one run and strewn at
 * random over the device. Prints the medians.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.MetadataCommitRun [rounds]</pre>
 */
public final class MetadataCommitRun {
  private static final int[] DIRTY = {1, 1_000, 1_000_000};

  private MetadataCommitRun() {}

  /**
   * Runs.
   *
   * @param args rounds (9)
   */
  public static void main(String[] args) throws Exception {
    int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 9;
    System.out.println("commit; " + Figures.environment());
    System.out.println(
        "| dirty regions | blocks written | most | flushes | mark ms | freeze ms | write ms |");
    for (int dirty : DIRTY) {
      run(dirty, "in a run", rounds);
      run(dirty, "strewn", rounds);
    }
  }

  private static void run(int dirty, String where, int rounds) throws IOException {
    Random random = new Random(dirty);
    Figures blocks = new Figures();
    Figures flushes = new Figures();
    Figures mark = new Figures();
    Figures freeze = new Figures();
    Figures write = new Figures();
    try (BenchFiles files = new BenchFiles()) {
      Path file = ScaledMetadata.create(files, ScaledMetadata.Progress.NONE);
      CountingMetadataDevice device = ScaledMetadata.device(file);
      try (CloneMetadata metadata = CloneMetadata.open(device, ScaledMetadata.GEOMETRY)) {
        for (int round = 0; round < rounds; round++) {
          long blocksBefore = device.blocksWritten();
          long flushesBefore = device.flushes();
          mark.time(() -> mark(metadata, dirty, where, random));
          CloneMetadata.Commit[] commit = new CloneMetadata.Commit[1];
          freeze.time(() -> commit[0] = metadata.beginCommit());
          write.time(() -> metadata.finishCommit(commit[0]));
          blocks.add((double) (device.blocksWritten() - blocksBefore));
          flushes.add((double) (device.flushes() - flushesBefore));
        }
      }
    }
    System.out.printf(
        "| %,d %s | %.0f | %.0f | %.0f | %.3f | %.3f | %.1f |%n",
        dirty,
        where,
        blocks.median(),
        blocks.most(),
        flushes.most(),
        mark.median(),
        freeze.median(),
        write.median());
  }

  private static void mark(CloneMetadata metadata, int dirty, String where, Random random)
      throws IOException {
    if (where.equals("in a run")) {
      metadata.markHydrated(random.nextInt(Integer.MAX_VALUE - dirty), dirty);
      return;
    }
    for (int i = 0; i < dirty; i++) {
      metadata.markHydrated(random.nextInt(Integer.MAX_VALUE), 1);
    }
  }
}
