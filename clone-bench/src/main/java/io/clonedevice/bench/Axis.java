package io.clonedevice.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/** Where values lie along one side of a chart, from 0 to 1, and which of them are named. */
record Axis(String label, Scale scale, double least, double most) {
  /** How values are spaced. */
  enum Scale {
    /** Evenly, from zero on. */
    LINEAR,
    /** By factors. */
    LOGARITHMIC,
    /** As percentiles: each further nine takes as much room as the one before. */
    PERCENTILE
  }

  private static final double[] PERCENTILES = {0, 50, 90, 99, 99.9, 99.99, 99.999};

  static Axis of(String label, Scale scale, DoubleStream values) {
    var range = values.filter(Double::isFinite).summaryStatistics();
    return switch (scale) {
      case LINEAR -> new Axis(label, scale, 0, range.getMax() * 1.05);
      case LOGARITHMIC ->
          new Axis(label, scale, Math.max(range.getMin(), 1e-9) / 1.1, range.getMax() * 1.1);
      case PERCENTILE -> new Axis(label, scale, 0, Math.min(range.getMax(), 99.9999));
    };
  }

  /** Returns where a value lies. */
  double at(double value) {
    return (spaced(value) - spaced(least)) / (spaced(most) - spaced(least));
  }

  private double spaced(double value) {
    return switch (scale) {
      case LINEAR -> value;
      case LOGARITHMIC -> Math.log(value);
      case PERCENTILE -> -Math.log10(1 - Math.min(value, most) / 100);
    };
  }

  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    if (scale == Scale.PERCENTILE) {
      for (double percentile : PERCENTILES) {
        add(ticks, percentile);
      }
    } else if (scale == Scale.LINEAR) {
      double step = Math.pow(10, Math.floor(Math.log10(most / 2)));
      step *= most / step > 10 ? 5 : most / step > 5 ? 2 : 1;
      for (int i = 0; i * step <= most; i++) {
        add(ticks, i * step);
      }
    } else {
      // Powers of 10 if there are enough of them, else of 2.
      double base = most / least >= 1000 ? 10 : 2;
      for (double power = Math.floor(Math.log(least) / Math.log(base));
          Math.pow(base, power) <= most;
          power++) {
        add(ticks, Math.pow(base, power));
      }
    }
    return ticks;
  }

  private void add(List<Double> ticks, double value) {
    if (value >= least && value <= most) {
      ticks.add(value);
    }
  }

  static String text(double value) {
    return value == Math.rint(value)
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.4g", value).replaceAll("0+$", "").replaceAll("\\.$", "");
  }
}
