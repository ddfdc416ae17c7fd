package io.clonedevice.bench;

import java.nio.file.Path;
import java.util.List;

/**
 * What grows with what? Submitters and requests in flight, devices on one runtime, sizes of devices
 * and of regions.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.Scaling JSON HEADLINE [long] [PART...]</pre>
 */
public final class Scaling {
  private static final List<String> PARTS = List.of("submitters", "devices", "sizes", "regions");

  private Scaling() {}

  /**
   * Runs.
   *
   * @param args where to write, the first line to print, then {@code long} for more and longer
   *     rounds, and the parts to run (all)
   */
  public static void main(String[] args) throws Exception {
    List<String> more = List.of(args).subList(2, args.length);
    boolean thorough = more.contains("long");
    List<String> chosen = more.stream().filter(PARTS::contains).toList();
    List<String> parts = chosen.isEmpty() ? PARTS : chosen;
    Results results = new Results(args[1]);
    if (parts.contains("submitters")) {
      submitters(results, thorough);
    }
    if (parts.contains("devices")) {
      Results.Table table = Devices.table(results);
      Devices devices = new Devices(thorough ? 30_000 : 5_000);
      for (int count : new int[] {0, 1, 10, 100, 1000}) {
        devices.run(table, count);
      }
    }
    Sizes sizes = new Sizes(thorough ? 500_000 : 50_000);
    if (parts.contains("sizes")) {
      Results.Table table = Sizes.table(results, "sizes");
      sizes.run(Sizes.table(new Results("warm-up"), "sizes"), 1L << 30, 4096);
      for (int shift = 30; shift <= 43; shift += thorough ? 1 : 3) {
        sizes.run(table, 1L << shift, 4096);
      }
      if (!thorough) {
        sizes.run(table, 1L << 43, 4096);
      }
    }
    if (parts.contains("regions")) {
      Results.Table table = Sizes.table(results, "regions");
      for (int regionSize = 4096; regionSize <= 1 << 20; regionSize *= thorough ? 2 : 4) {
        sizes.run(table, 1L << 40, regionSize);
      }
    }
    results.publish(Path.of(args[0]));
  }

  private static void submitters(Results results, boolean thorough) throws Exception {
    Results.Table table =
        results.table(
            "submitters",
            "hydrated 4 KiB reads",
            "submitters",
            "depth",
            "bare, 1000/s",
            "device, 1000/s",
            "ratio",
            "bare, CPU us",
            "device, CPU us");
    int[] counts = thorough ? new int[] {1, 2, 4, 8, 16} : new int[] {1, 2, 4, 16};
    int[] depths = thorough ? new int[] {1, 4, 8, 16, 32, 64} : new int[] {1, 8, 32, 64};
    Submitters submitters = new Submitters(thorough ? 9 : 3, thorough ? 500_000_000 : 200_000_000);
    submitters.blocking(table, Medium.MEMORY, counts);
    submitters.blocking(table, Medium.FILE, counts);
    submitters.asynchronous(table, counts, depths);
  }
}
