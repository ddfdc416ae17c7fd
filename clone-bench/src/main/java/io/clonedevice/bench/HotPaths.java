package io.clonedevice.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Makes the table of the hot paths from what JMH has measured, each with its baseline, and from
 * what is counted.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.HotPaths JMH-JSON JSON HEADLINE</pre>
 */
public final class HotPaths {
  /** What a row is called that the name of its benchmark does not tell well. */
  private static final Map<String, String> LABELS =
      Map.ofEntries(
          Map.entry("HydratedIo.Read", "hydrated read"),
          Map.entry("HydratedIo.Write", "hydrated write"),
          Map.entry("AsyncIo.Read", "hydrated read, asynchronous, depth 32"),
          Map.entry("AsyncIo.Write", "hydrated write, asynchronous, depth 32"),
          Map.entry("UnhydratedRead.Read", "unhydrated read, regions of 4 KiB"),
          Map.entry("UnhydratedWrite.SmallWrite", "4 KiB to an unhydrated region of 64 KiB"),
          Map.entry("UnhydratedWrite.Overwrite", "overwrite of an unhydrated region of 64 KiB"),
          Map.entry("Discard.Discard", "discard of an unhydrated region, memory"),
          Map.entry("Discard.DiscardTwice", "the same, and again when it is hydrated"),
          Map.entry("Flush.Flush", "flush with nothing to flush"),
          Map.entry("Flush.WriteDurably", "write with FUA, hydrated"),
          Map.entry("Commit.WriteAndFlush", "write of an unhydrated region, and flush"));

  private static final List<String> SINGLE_SHOTS = List.of("UnhydratedWrite", "Discard", "Commit");

  private HotPaths() {}

  /** A benchmark beside its baseline; times in nanoseconds. */
  record Pair(
      String row,
      String where,
      double bareNs,
      double bareErrorNs,
      double deviceNs,
      double deviceErrorNs,
      double bareBytes,
      double deviceBytes) {
    double ratio() {
      return deviceNs / bareNs;
    }

    /** How far from the truth the ratio may be by the errors of both sides, as a part of it. */
    double uncertainty() {
      return bareErrorNs / bareNs + deviceErrorNs / deviceNs;
    }

    /** Whether its bytes are those of an iteration, with what begins it. */
    boolean isSingleShot() {
      return SINGLE_SHOTS.stream().anyMatch(row::startsWith);
    }

    String label() {
      String label = LABELS.getOrDefault(row, row);
      return where.isEmpty() ? label : label + ", " + where.replace('-', ' ');
    }
  }

  /**
   * Runs.
   *
   * @param args what JMH wrote, where to write, the first line to print
   */
  public static void main(String[] args) throws Exception {
    Results.Table costs = RequestCosts.table();
    Results results = new Results(args[2]);
    Results.Table table =
        results.table(
            "hot paths",
            "request",
            "bare us",
            "+-",
            "device us",
            "+-",
            "ratio",
            "bare B",
            "device B",
            "calls of stores",
            "system calls");
    for (Pair pair : pairs(Path.of(args[0]))) {
      List<Object> cost = costOf(costs, (pair.row() + " " + pair.where()).strip());
      // JMH counts what renews the clone of a single shot, too.
      double bytes = pair.isSingleShot() ? Double.NaN : pair.deviceBytes();
      if (cost != null && pair.isSingleShot()) {
        bytes = costs.number(cost, "bytes");
      }
      table.add(
          pair.label(),
          pair.bareNs() / 1e3,
          pair.bareErrorNs() / 1e3,
          pair.deviceNs() / 1e3,
          pair.deviceErrorNs() / 1e3,
          pair.ratio(),
          pair.isSingleShot() ? null : rounded(pair.bareBytes()),
          rounded(bytes),
          cost == null ? null : costs.cell(cost, "store calls"),
          cost == null ? null : costs.cell(cost, "system calls"));
    }
    results.publish(Path.of(args[1]));
  }

  /** The pairs in the order of the file; with the better baseline if there are two. */
  static List<Pair> pairs(Path jmh) throws IOException {
    List<?> runs = (List<?>) Json.read(jmh);
    List<Pair> pairs = new ArrayList<>();
    for (Object run : runs) {
      String name = name(run);
      int side = name.indexOf(".device");
      if (side < 0) {
        continue;
      }
      String operation = name.substring(side + ".device".length());
      String group = name.substring(0, side);
      Object bare = null;
      for (Object other : runs) {
        boolean isBaseline =
            name(other).equals(group + ".bare" + operation)
                || name(other).equals(group + ".pooled" + operation);
        if (isBaseline
            && Objects.equals(Json.in(other, "params"), Json.in(run, "params"))
            && (bare == null || score(other, "score") < score(bare, "score"))) {
          bare = other;
        }
      }
      if (bare != null) {
        pairs.add(pair(group.replace("Benchmark", "") + "." + operation, bare, run));
      }
    }
    return pairs;
  }

  private static Pair pair(String row, Object bare, Object device) {
    Object where = Json.in(device, "params") == null ? null : Json.in(device, "params", "where");
    return new Pair(
        row,
        where == null ? "" : where.toString(),
        score(bare, "score"),
        score(bare, "scoreError"),
        score(device, "score"),
        score(device, "scoreError"),
        bytes(bare),
        bytes(device));
  }

  private static String name(Object run) {
    String name = (String) Json.in(run, "benchmark");
    return name.substring(HotPaths.class.getPackageName().length() + 1);
  }

  private static double score(Object run, String which) {
    return Json.in(run, "primaryMetric", which) instanceof Double number ? number : Double.NaN;
  }

  private static double bytes(Object run) {
    Object norm = Json.in(run, "secondaryMetrics", "gc.alloc.rate.norm");
    return norm == null ? Double.NaN : (Double) Json.in(norm, "score");
  }

  private static Double rounded(double bytes) {
    return Double.isNaN(bytes) ? null : (Double) Math.rint(bytes);
  }

  private static List<Object> costOf(Results.Table costs, String row) {
    return costs.rows().stream()
        .filter(cost -> costs.cell(cost, "row").equals(row))
        .findFirst()
        .orElse(null);
  }
}
