package io.clonedevice.bench;

import java.util.Locale;

/** Writes one drawing; colours follow the reader's light or dark scheme. */
final class Svg {
  /** How many series have a colour of their own. */
  static final int COLOURS = 8;

  private static final String STYLE =
      """
      text { font: 13px system-ui, sans-serif; fill: #24292f }
      .title { font-size: 16px; font-weight: 600 }
      .note { font-size: 11px; fill: #57606a }
      .axis { stroke: #57606a; fill: none }
      .grid { stroke: #d0d7de; fill: none; stroke-width: 0.7 }
      .mark { stroke: #24292f; stroke-dasharray: 4 3; fill: none }
      .line { fill: none; stroke-width: 2 }
      .dash { stroke-dasharray: 6 4 }
      """;
  private static final String DARK_STYLE =
      """
      @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .note { fill: #9198a1 } .axis { stroke: #9198a1 }
      .grid { stroke: #3d444d } .mark { stroke: #e6edf3 }
      """;
  private static final String[] LIGHT = {
    "#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989", "#7d6608", "#0b7285", "#57606a"
  };
  private static final String[] DARK = {
    "#58a6ff", "#f0883e", "#56d364", "#bc8cff", "#ff7eb6", "#e3b341", "#39c5cf", "#9198a1"
  };

  private final StringBuilder out = new StringBuilder();

  Svg(int width, int height, String title) {
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
            + " role=\"img\">\n<title>%s</title>\n<style>\n%s",
        width, height, width, height, escaped(title), STYLE);
    colours(LIGHT);
    out.append(DARK_STYLE);
    colours(DARK);
    out.append("}\n</style>\n");
  }

  private void colours(String[] colours) {
    for (int i = 0; i < COLOURS; i++) {
      add(".s%d { stroke: %s } .f%d { fill: %s }\n", i, colours[i], i, colours[i]);
    }
  }

  /** Adds a text whose anchor is {@code start}, {@code middle} or {@code end}. */
  void text(double x, double y, String anchor, String style, String text) {
    add(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">%s</text>\n",
        x, y, anchor, style, escaped(text));
  }

  /** Adds a line on where the figures come from, in two rows if it is long. */
  void note(double x, double y, String text) {
    int cut = text.length() > 110 ? text.indexOf("; JDK") + 1 : 0;
    text(x, y, "start", "note", text.substring(0, cut));
    text(x, y + 15, "start", "note", text.substring(cut).strip());
  }

  /** Adds a text that is read from below, around its middle. */
  void textUpwards(double x, double y, String text) {
    add(
        "<text transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"middle\">%s</text>\n",
        x, y, escaped(text));
  }

  void line(double x1, double y1, double x2, double y2, String style) {
    add(
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n",
        x1, y1, x2, y2, style);
  }

  void bar(double x, double y, double width, double height, int colour, String tip) {
    add(
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"f%d\">"
            + "<title>%s</title></rect>\n",
        x, y, width, height, colour % COLOURS, escaped(tip));
  }

  void point(double x, double y, int colour, String tip) {
    add(
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" class=\"f%d\"><title>%s</title></circle>\n",
        x, y, colour % COLOURS, escaped(tip));
  }

  /** Adds a line through points: x, y, x, y, … separated by spaces. */
  void path(String points, int colour, boolean dashed) {
    add(
        "<polyline points=\"%s\" class=\"line s%d%s\"/>\n",
        points, colour % COLOURS, dashed ? " dash" : "");
  }

  String end() {
    return out.append("</svg>\n").toString();
  }

  private void add(String format, Object... values) {
    out.append(String.format(Locale.ROOT, format, values));
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
