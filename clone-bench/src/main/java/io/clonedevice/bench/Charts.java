package io.clonedevice.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Draws charts of what other programs have measured.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.Charts RESULTS-DIRECTORY CHARTS-DIRECTORY</pre>
 *
 * <p>Draws of {@code hot-paths-JDK.json} the ratios, of {@code scaling-JDK.json} each part, and of
 * any file with a table whose first column is {@code percentile} a line for each other column, or
 * with columns such as {@code p99 us} a line for each row.
 */
public final class Charts {
  private static final Axis.Scale LOG = Axis.Scale.LOGARITHMIC;

  private final Path charts;

  private Charts(Path charts) {
    this.charts = charts;
  }

  /**
   * Runs.
   *
   * @param args where the results are, and where the charts go
   */
  public static void main(String[] args) throws Exception {
    Path charts = Files.createDirectories(Path.of(args[1]));
    // By name and JDK.
    Map<String, Map<String, Results>> all = new TreeMap<>();
    try (Stream<Path> files = Files.list(Path.of(args[0]))) {
      for (Path file : files.filter(each -> each.toString().endsWith(".json")).sorted().toList()) {
        String name = file.getFileName().toString().replace(".json", "");
        int dash = name.lastIndexOf('-');
        all.computeIfAbsent(name.substring(0, dash), key -> new TreeMap<>())
            .put(name.substring(dash + 1), Results.read(file));
      }
    }
    new Charts(charts).draw(all);
  }

  private void draw(Map<String, Map<String, Results>> all) throws IOException {
    if (all.containsKey("hot-paths")) {
      hotPaths(all.get("hot-paths"));
    }
    for (Map.Entry<String, Map<String, Results>> named : all.entrySet()) {
      for (Map.Entry<String, Results> run : named.getValue().entrySet()) {
        for (Results.Table table : run.getValue().tables()) {
          String name = named.getKey() + "-" + table.name().replace(' ', '-') + "-" + run.getKey();
          draw(name, "JDK " + run.getKey(), run.getValue().headline(), table);
        }
      }
    }
  }

  private void draw(String name, String jdk, String headline, Results.Table table)
      throws IOException {
    if (table.columns().get(0).equals("percentile")) {
      percentiles(name, jdk, headline, table);
    } else if (table.columns().contains("p99 us")) {
      percentileOfEachRow(name, jdk, headline, table);
    } else if (table.name().equals("submitters")) {
      submitters(name, jdk, headline, table);
    } else if (table.name().equals("devices")) {
      LineChart chart = new LineChart("Memory of each of many devices, " + jdk, headline);
      lines(chart, table, "devices", "heap KiB each", "off-heap KiB each");
      write(name, chart.draw("devices on one runtime", LOG, "KiB of memory for each device", LOG));
    } else if (table.name().equals("sizes") || table.name().equals("regions")) {
      boolean sizes = table.name().equals("sizes");
      String by = sizes ? "device GiB" : "region KiB";
      LineChart chart =
          new LineChart(
              (sizes ? "A larger device, regions of 4 KiB, " : "Larger regions, device of 1 TiB, ")
                  + jdk,
              headline);
      line(chart.line("read, hydrated", 0, false), table, by, "read hydrated ns", 1e-3);
      line(chart.line("read, unhydrated", 1, false), table, by, "read unhydrated ns", 1e-3);
      line(chart.line("write, hydrated", 2, false), table, by, "write ns", 1e-3);
      line(chart.line("commit of one region", 3, false), table, by, "commit ms", 1e3);
      line(chart.line("open", 4, false), table, by, "open ms", 1e3);
      write(name, chart.draw(by, LOG, "microseconds", LOG));
    }
  }

  private void hotPaths(Map<String, Results> runs) throws IOException {
    BarChart chart =
        new BarChart(
            "Time of a request, as a multiple of the bare medium's",
            runs.values().iterator().next().headline());
    runs.forEach(
        (jdk, results) -> {
          Results.Table table = results.table("hot paths");
          for (List<Object> row : table.rows()) {
            chart.add(
                (String) table.cell(row, "request"), "JDK " + jdk, table.number(row, "ratio"));
          }
        });
    write("hot-paths", chart.draw("device / bare medium; less is better", 3, 1));
  }

  private void submitters(String name, String jdk, String headline, Results.Table table)
      throws IOException {
    for (String face : List.of("blocking, memory", "blocking, file", "asynchronous, file")) {
      LineChart chart = new LineChart("Hydrated 4 KiB reads, " + face + ", " + jdk, headline);
      Map<Double, LineChart.Series[]> byDepth = new TreeMap<>();
      for (List<Object> row : table.rows()) {
        if (table.cell(row, "hydrated 4 KiB reads").equals(face)) {
          LineChart.Series[] lines =
              byDepth.computeIfAbsent(
                  table.number(row, "depth"),
                  depth -> {
                    String at = face.startsWith("a") ? ", depth " + Axis.text(depth) : "";
                    int colour = byDepth.size();
                    return new LineChart.Series[] {
                      chart.line("device" + at, colour, false),
                      chart.line("bare" + at, colour, true)
                    };
                  });
          double submitters = table.number(row, "submitters");
          lines[0].add(submitters, table.number(row, "device, 1000/s"));
          lines[1].add(submitters, table.number(row, "bare, 1000/s"));
        }
      }
      if (!byDepth.isEmpty()) {
        write(
            name + "-" + face.replace(", ", "-"),
            chart.draw("submitters", LOG, "thousand requests a second", Axis.Scale.LINEAR));
      }
    }
  }

  private void percentiles(String name, String jdk, String headline, Results.Table table)
      throws IOException {
    LineChart chart = new LineChart("Latency, " + table.name() + ", " + jdk, headline);
    lines(
        chart,
        table,
        "percentile",
        table.columns().subList(1, table.columns().size()).toArray(new String[0]));
    write(name, chart.draw("percentile of requests", Axis.Scale.PERCENTILE, "microseconds", LOG));
  }

  private void percentileOfEachRow(String name, String jdk, String headline, Results.Table table)
      throws IOException {
    LineChart chart =
        new LineChart(
            "Latency, " + table.name() + ", by " + table.columns().get(0) + ", " + jdk, headline);
    for (int i = 0; i < table.rows().size(); i++) {
      List<Object> row = table.rows().get(i);
      LineChart.Series line = chart.line(row.get(0).toString(), i, false);
      for (String column : table.columns()) {
        if (column.matches("p[0-9.]+ us")) {
          double percentile = Double.parseDouble(column.substring(1, column.length() - 3));
          line.add(percentile, positive(table.number(row, column)));
        }
      }
    }
    write(name, chart.draw("percentile of requests", Axis.Scale.PERCENTILE, "microseconds", LOG));
  }

  private static void lines(LineChart chart, Results.Table table, String by, String... columns) {
    for (int i = 0; i < columns.length; i++) {
      line(chart.line(columns[i], i, false), table, by, columns[i], 1);
    }
  }

  private static void line(
      LineChart.Series line, Results.Table table, String by, String column, double unit) {
    for (List<Object> row : table.rows()) {
      line.add(table.number(row, by), positive(table.number(row, column) * unit));
    }
  }

  /** What a logarithmic axis cannot show is left out. */
  private static double positive(double value) {
    return value > 0 ? value : Double.NaN;
  }

  private void write(String name, String svg) throws IOException {
    Path file = charts.resolve(name + ".svg");
    Files.writeString(file, svg);
    System.out.println(file);
  }
}
