package io.clonedevice.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares key ratios, device to bare medium, with stored ones and says which became worse by more
 * than their noise. A report: a machine that is busy makes any of them worse.
 *
 * <pre>
 * java -cp benchmarks.jar io.clonedevice.bench.Guard JDK BASELINE JSON HEADLINE compare|store JMH-JSON...
 * </pre>
 */
public final class Guard {
  /** Runs of one machine differ by this much even when each is sure of itself. */
  private static final double NOISE_MIN = 0.10;

  /** More would hide everything: what is so unsure should be measured again. */
  private static final double NOISE_MAX = 0.50;

  private Guard() {}

  /**
   * Runs.
   *
   * @param args the JDK's feature version, the stored ratios, where to write, the first line to
   *     print, what to do, and what JMH wrote
   */
  public static void main(String[] args) throws Exception {
    String jdk = args[0];
    Path baseline = Path.of(args[1]);
    List<HotPaths.Pair> pairs = new ArrayList<>();
    for (String jmh : List.of(args).subList(5, args.length)) {
      pairs.addAll(HotPaths.pairs(Path.of(jmh)));
    }
    Map<String, Object> all = read(baseline);
    Results results = new Results(args[3]);
    compare(pairs, asMap(all.get(jdk)), results);
    results.publish(Path.of(args[2]));
    if (args[4].equals("store")) {
      all.put(jdk, stored(pairs));
      Files.writeString(baseline, Json.write(all));
      System.out.println("\nstored as the ratios of JDK " + jdk + " in " + baseline);
    }
  }

  private static void compare(
      List<HotPaths.Pair> pairs, Map<String, Object> stored, Results results) {
    Results.Table table =
        results.table("guard", "request", "ratio", "+-", "stored", "noise %", "verdict");
    for (HotPaths.Pair pair : pairs) {
      Object before = stored.get(pair.label());
      Double ratio = before == null ? null : (Double) Json.in(before, "ratio");
      Double noise = before == null ? null : (Double) Json.in(before, "noise");
      table.add(
          pair.label(),
          pair.ratio(),
          pair.ratio() * pair.uncertainty(),
          ratio,
          noise == null ? null : (Double) (noise * 100),
          before == null ? "not stored" : verdict(pair, ratio, noise));
    }
  }

  /** Worse or better only beyond the noise of both runs. */
  private static String verdict(HotPaths.Pair pair, double stored, double noise) {
    double uncertainty = Double.isNaN(pair.uncertainty()) ? 0 : pair.uncertainty();
    double least = pair.ratio() * (1 - uncertainty);
    double most = pair.ratio() * (1 + uncertainty);
    if (least > stored * (1 + noise)) {
      return "**WORSE**";
    }
    if (pair.ratio() > stored * (1 + noise)) {
      return "worse, or a noisy run: repeat it";
    }
    return most < stored * (1 - noise) ? "better" : "as stored";
  }

  private static Map<String, Object> stored(List<HotPaths.Pair> pairs) {
    Map<String, Object> ratios = new LinkedHashMap<>();
    for (HotPaths.Pair pair : pairs) {
      double noise = Math.min(NOISE_MAX, Math.max(NOISE_MIN, pair.uncertainty()));
      ratios.put(
          pair.label(), Json.object("ratio", rounded(pair.ratio()), "noise", rounded(noise)));
    }
    return ratios;
  }

  private static double rounded(double value) {
    return Math.rint(value * 1000) / 1000;
  }

  private static Map<String, Object> read(Path baseline) throws IOException {
    return Files.exists(baseline) ? asMap(Json.read(baseline)) : new LinkedHashMap<>();
  }

  private static Map<String, Object> asMap(Object value) {
    Map<String, Object> map = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> members) {
      members.forEach((name, member) -> map.put((String) name, member));
    }
    return map;
  }
}
