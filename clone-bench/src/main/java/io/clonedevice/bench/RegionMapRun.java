package io.clonedevice.bench;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionMap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/**
 * How long do queries and marks of the region map take at 2^31 regions? Worst-case searches, marks
 * of one region, 64 regions and the whole device, and marks by several threads beside a reader.
 * Prints the medians.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.RegionMapRun [rounds]</pre>
 */
public final class RegionMapRun {
  private static final int MARKS = 1_000_000;

  private RegionMapRun() {}

  /**
   * Runs.
   *
   * @param args rounds (9)
   */
  public static void main(String[] args) throws Exception {
    int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 9;
    System.out.println("region map; " + Figures.environment());
    try (BenchFiles files = new BenchFiles()) {
      System.out.println("| search | ms |");
      search(files, rounds);
      System.out.println("| mark | ns |");
      Path none = ScaledMetadata.create(files, ScaledMetadata.Progress.NONE);
      markOneAfterTheOther(none, 1, rounds);
      markOneAfterTheOther(none, 64, rounds);
      markAtRandom(none, rounds);
      markAll(none, rounds);
      System.out.println("| marking threads | ns a mark, with a reader | reads a microsecond |");
      for (int threads : new int[] {1, 2, 4}) {
        contend(none, threads, rounds);
      }
    }
  }

  private static void search(BenchFiles files, int rounds) throws IOException {
    Path allButLast = ScaledMetadata.create(files, ScaledMetadata.Progress.ALL_BUT_LAST);
    try (CloneMetadata metadata = ScaledMetadata.open(allButLast)) {
      RegionMap map = metadata.regionMap();
      Figures next = new Figures();
      Figures end = new Figures();
      for (int round = 0; round < rounds; round++) {
        next.time(() -> check(map.nextUnhydrated(0), ScaledMetadata.REGIONS - 1));
        end.time(() -> check(map.endOfRun(0, ScaledMetadata.REGIONS), ScaledMetadata.REGIONS - 1));
      }
      System.out.printf(
          "| next unhydrated: the last, all others hydrated | %.3f |%n", next.median());
      System.out.printf("| end of run: the last region | %.3f |%n", end.median());
    }
    Path none = ScaledMetadata.create(files, ScaledMetadata.Progress.SCATTERED);
    try (CloneMetadata metadata = ScaledMetadata.open(none)) {
      // Hydrated but for one region in each block: every word must be looked at.
      for (long start = 0; start < ScaledMetadata.REGIONS; ) {
        long end = Math.min(start + ScaledMetadata.REGIONS_PER_BLOCK, ScaledMetadata.REGIONS);
        metadata.markHydrated(start, end - start - 1);
        start = end;
      }
      RegionMap map = metadata.regionMap();
      Figures all = new Figures();
      for (int round = 0; round < rounds; round++) {
        all.time(
            () -> {
              long found = 0;
              for (long at = map.nextUnhydrated(0); at < ScaledMetadata.REGIONS; found++) {
                at = map.nextUnhydrated(at + 1);
              }
              check(found, ScaledMetadata.REGIONS / ScaledMetadata.REGIONS_PER_BLOCK + 1);
            });
      }
      System.out.printf(
          "| all unhydrated regions, one in each metadata block | %.1f |%n", all.median());
    }
  }

  private static void check(long found, long expected) {
    if (found != expected) {
      throw new IllegalStateException("found " + found + ", expected " + expected);
    }
  }

  private static void markOneAfterTheOther(Path file, int regions, int rounds) throws IOException {
    Figures mark = new Figures();
    try (CloneMetadata metadata = ScaledMetadata.open(file)) {
      long[] next = new long[1];
      for (int round = 0; round < rounds; round++) {
        mark.time(
            () -> {
              for (int i = 0; i < MARKS; i++, next[0] += regions) {
                metadata.markHydrated(next[0], regions);
              }
            });
      }
    }
    System.out.printf("| %d, one after the other | %.0f |%n", regions, mark.median() * 1e6 / MARKS);
  }

  private static void markAtRandom(Path file, int rounds) throws IOException {
    Figures mark = new Figures();
    Random random = new Random(5);
    try (CloneMetadata metadata = ScaledMetadata.open(file)) {
      for (int round = 0; round < rounds; round++) {
        mark.time(
            () -> {
              for (int i = 0; i < MARKS; i++) {
                metadata.markHydrated(random.nextInt(Integer.MAX_VALUE), 1);
              }
            });
      }
    }
    System.out.printf(
        "| 1, at random; the first %,d | %.0f |%n", MARKS, mark.first() * 1e6 / MARKS);
    System.out.printf("| 1, at random; later | %.0f |%n", mark.median() * 1e6 / MARKS);
  }

  private static void markAll(Path file, int rounds) throws IOException {
    Figures mark = new Figures();
    for (int round = 0; round < rounds; round++) {
      try (CloneMetadata metadata = ScaledMetadata.open(file)) {
        mark.time(() -> metadata.markHydrated(0, ScaledMetadata.REGIONS));
      }
    }
    System.out.printf("| the whole device | %.0f |%n", mark.median() * 1e6);
  }

  /** Threads mark ranges of their own, all under the map's one lock; one thread reads. */
  private static void contend(Path file, int threads, int rounds)
      throws IOException, InterruptedException {
    Figures mark = new Figures();
    Figures reads = new Figures();
    for (int round = 0; round < rounds; round++) {
      try (CloneMetadata metadata = ScaledMetadata.open(file)) {
        AtomicBoolean marking = new AtomicBoolean(true);
        LongAdder queries = new LongAdder();
        Thread reader = new Thread(() -> read(metadata.regionMap(), marking, queries));
        List<Thread> markers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
          long first = ScaledMetadata.REGIONS / threads * i;
          markers.add(new Thread(() -> markFrom(metadata, first)));
        }
        long start = System.nanoTime();
        reader.start();
        markers.forEach(Thread::start);
        for (Thread marker : markers) {
          marker.join();
        }
        long elapsed = System.nanoTime() - start;
        marking.set(false);
        reader.join();
        mark.add(elapsed / (double) MARKS / threads);
        reads.add(queries.sum() / (elapsed / 1e3));
      }
    }
    System.out.printf("| %d | %.0f | %.0f |%n", threads, mark.median(), reads.median());
  }

  private static void markFrom(CloneMetadata metadata, long first) {
    try {
      for (int i = 0; i < MARKS; i++) {
        metadata.markHydrated(first + i, 1);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void read(RegionMap map, AtomicBoolean marking, LongAdder queries) {
    Random random = new Random(6);
    while (marking.get()) {
      long hydrated = 0;
      for (int i = 0; i < 1000; i++) {
        hydrated += map.isHydrated(random.nextInt(MARKS)) ? 1 : 0;
      }
      queries.add(hydrated < 0 ? 0 : 1000);
    }
  }
}
