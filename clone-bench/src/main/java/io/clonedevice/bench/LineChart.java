package io.clonedevice.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/** Lines over a common axis. */
final class LineChart {
  private static final int WIDTH = 880;
  private static final int HEIGHT = 472;
  private static final int LEFT = 96;
  private static final int TOP = 50;
  private static final int PLOT_WIDTH = 490;
  private static final int PLOT_HEIGHT = 330;

  /** One line; a baseline is dashed. */
  record Series(String name, int colour, boolean dashed, List<double[]> points) {
    Series(String name, int colour, boolean dashed) {
      this(name, colour, dashed, new ArrayList<>());
    }

    void add(double x, double y) {
      if (Double.isFinite(x) && Double.isFinite(y)) {
        points.add(new double[] {x, y});
      }
    }
  }

  private final String title;
  private final String note;
  private final List<Series> lines = new ArrayList<>();

  LineChart(String title, String note) {
    this.title = title;
    this.note = note;
  }

  Series line(String name, int colour, boolean dashed) {
    Series series = new Series(name, colour, dashed);
    lines.add(series);
    return series;
  }

  String draw(String xLabel, Axis.Scale xScale, String yLabel, Axis.Scale yScale) {
    Axis x = Axis.of(xLabel, xScale, values(0));
    Axis y = Axis.of(yLabel, yScale, values(1));
    Svg svg = new Svg(WIDTH, HEIGHT, title);
    svg.text(LEFT, 24, "start", "title", title);
    for (double tick : y.ticks()) {
      svg.line(LEFT, top(y, tick), LEFT + PLOT_WIDTH, top(y, tick), "grid");
      svg.text(LEFT - 8, top(y, tick) + 4, "end", "", Axis.text(tick));
    }
    for (double tick : x.ticks()) {
      svg.line(left(x, tick), TOP, left(x, tick), TOP + PLOT_HEIGHT, "grid");
      svg.text(left(x, tick), TOP + PLOT_HEIGHT + 18, "middle", "", Axis.text(tick));
    }
    svg.line(LEFT, TOP, LEFT, TOP + PLOT_HEIGHT, "axis");
    svg.line(LEFT, TOP + PLOT_HEIGHT, LEFT + PLOT_WIDTH, TOP + PLOT_HEIGHT, "axis");
    svg.text(LEFT + PLOT_WIDTH / 2.0, TOP + PLOT_HEIGHT + 42, "middle", "", x.label());
    svg.textUpwards(18, TOP + PLOT_HEIGHT / 2.0, y.label());
    svg.note(LEFT, HEIGHT - 28, note);
    int row = 0;
    for (Series series : lines) {
      draw(svg, x, y, series);
      int at = TOP + 10 + 22 * row++;
      int legend = LEFT + PLOT_WIDTH + 16;
      svg.path(
          legend + "," + at + " " + (legend + 28) + "," + at, series.colour(), series.dashed());
      svg.text(legend + 36, at + 4, "start", "", series.name());
    }
    return svg.end();
  }

  private void draw(Svg svg, Axis x, Axis y, Series series) {
    StringBuilder path = new StringBuilder();
    for (double[] point : series.points()) {
      path.append(String.format(Locale.ROOT, "%.1f,%.1f ", left(x, point[0]), top(y, point[1])));
    }
    svg.path(path.toString().strip(), series.colour(), series.dashed());
    for (double[] point : series.points()) {
      svg.point(
          left(x, point[0]),
          top(y, point[1]),
          series.colour(),
          series.name() + ": " + Axis.text(point[0]) + ", " + Axis.text(point[1]));
    }
  }

  private DoubleStream values(int coordinate) {
    return lines.stream()
        .flatMapToDouble(
            series -> series.points().stream().mapToDouble(point -> point[coordinate]));
  }

  private static double left(Axis x, double value) {
    return LEFT + x.at(value) * PLOT_WIDTH;
  }

  private static double top(Axis y, double value) {
    return TOP + (1 - y.at(value)) * PLOT_HEIGHT;
  }
}
