package io.clonedevice.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Bars that lie beside each other in groups, with a mark at one value. */
final class BarChart {
  private static final int WIDTH = 820;
  private static final int LEFT = 380;
  private static final int TOP = 60;
  private static final int PLOT_WIDTH = 380;
  private static final int BAR = 9;
  private static final int GAP = 10;

  private final String title;
  private final String note;
  private final List<String> series = new ArrayList<>();
  private final Map<String, Map<String, Double>> groups = new LinkedHashMap<>();

  BarChart(String title, String note) {
    this.title = title;
    this.note = note;
  }

  void add(String group, String name, double value) {
    if (!series.contains(name)) {
      series.add(name);
    }
    if (Double.isFinite(value)) {
      groups.computeIfAbsent(group, key -> new LinkedHashMap<>()).put(name, value);
    }
  }

  /** Draws; bars longer than the axis are cut and say their value. */
  String draw(String label, double most, double mark) {
    Axis axis = new Axis(label, Axis.Scale.LINEAR, 0, most);
    int groupHeight = series.size() * BAR + GAP;
    int bottom = TOP + groups.size() * groupHeight;
    Svg svg = new Svg(WIDTH, bottom + 86, title);
    svg.text(12, 24, "start", "title", title);
    for (int i = 0; i < series.size(); i++) {
      svg.bar(LEFT + 110 * i, 36, 14, 10, i, series.get(i));
      svg.text(LEFT + 110 * i + 20, 46, "start", "", series.get(i));
    }
    for (double tick : axis.ticks()) {
      svg.line(
          LEFT + axis.at(tick) * PLOT_WIDTH,
          TOP,
          LEFT + axis.at(tick) * PLOT_WIDTH,
          bottom,
          "grid");
      svg.text(LEFT + axis.at(tick) * PLOT_WIDTH, bottom + 18, "middle", "", Axis.text(tick));
    }
    int top = TOP + GAP / 2;
    for (Map.Entry<String, Map<String, Double>> group : groups.entrySet()) {
      svg.text(LEFT - 8, top + series.size() * BAR / 2.0 + 4, "end", "", group.getKey());
      for (int i = 0; i < series.size(); i++) {
        Double value = group.getValue().get(series.get(i));
        if (value != null) {
          double width = Math.min(1, axis.at(value)) * PLOT_WIDTH;
          String text = Axis.text(Math.rint(value * 100) / 100);
          svg.bar(LEFT, top + i * BAR, width, BAR - 1, i, series.get(i) + ": " + text);
          svg.text(LEFT + width + 5, top + i * BAR + BAR - 1, "start", "note", text);
        }
      }
      top += groupHeight;
    }
    svg.line(
        LEFT + axis.at(mark) * PLOT_WIDTH, TOP, LEFT + axis.at(mark) * PLOT_WIDTH, bottom, "mark");
    svg.line(LEFT, TOP, LEFT, bottom, "axis");
    svg.text(LEFT + PLOT_WIDTH / 2.0, bottom + 40, "middle", "", axis.label());
    svg.note(12, bottom + 62, note);
    return svg.end();
  }
}
