package io.clonedevice.examples;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how far a clone is: a bar on a terminal, a line now and then elsewhere. */
abstract class Progress implements AutoCloseable {
  /** What the clone is doing. */
  enum Phase {
    HYDRATING,
    COMMITTING,
    DONE,
    STOPPED;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Shows nothing. */
  static Progress none() {
    return new Progress() {
      @Override
      void update(Phase phase, long bytesDone) {}
    };
  }

  /**
   * Shows progress on stderr in the way that suits it.
   *
   * @param bytesDone bytes that are done already
   * @param bytesTotal bytes in all
   * @param err where lines go if stderr is no terminal
   */
  static Progress onStderr(long bytesDone, long bytesTotal, PrintWriter err) {
    return isStderrTerminal()
        ? new Bar(bytesDone, bytesTotal, System.err)
        : new Lines(bytesDone, bytesTotal, err);
  }

  /** Tells the current state; called often. */
  abstract void update(Phase phase, long bytesDone);

  /** Ends the display. */
  @Override
  public void close() {}

  private static boolean isStderrTerminal() {
    if ("dumb".equals(System.getenv("TERM"))) {
      return false;
    }
    try {
      String device = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException e) {
      return System.console() != null;
    }
  }

  /** One line that is drawn over and over. */
  private static final class Bar extends Progress {
    /** Fits the narrowest usual terminal; a longer line would scroll it. */
    private static final int WIDTH = 79;

    private final ProgressBar bar;

    Bar(long bytesDone, long bytesTotal, PrintStream terminal) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("clone")
              .setInitialMax(bytesTotal)
              .startsFrom(bytesDone, Duration.ZERO)
              .setUnit(" MiB", 1 << 20)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(200)
              .showSpeed()
              .setConsumer(new ConsoleProgressBarConsumer(terminal, WIDTH))
              .build();
    }

    @Override
    void update(Phase phase, long bytesDone) {
      bar.stepTo(bytesDone);
      bar.setExtraMessage(" " + phase);
    }

    @Override
    public void close() {
      bar.close();
    }
  }

  /** A line at every change of phase and every few seconds. */
  private static final class Lines extends Progress {
    private static final long INTERVAL_NS = 5_000_000_000L;

    /** Before that a rate says nothing. */
    private static final long RATE_AFTER_NS = 1_000_000_000L;

    private final long bytesBefore;
    private final long bytesTotal;
    private final PrintWriter out;
    private final long startNs = System.nanoTime();
    private long lastLineNs;
    private Phase lastPhase;

    Lines(long bytesBefore, long bytesTotal, PrintWriter out) {
      this.bytesBefore = bytesBefore;
      this.bytesTotal = bytesTotal;
      this.out = out;
    }

    @Override
    void update(Phase phase, long bytesDone) {
      long nowNs = System.nanoTime();
      if (phase == lastPhase && nowNs - lastLineNs < INTERVAL_NS) {
        return;
      }
      lastPhase = phase;
      lastLineNs = nowNs;
      StringBuilder line = new StringBuilder();
      line.append(phase)
          .append(": ")
          .append(ByteSize.format(bytesDone))
          .append(" of ")
          .append(ByteSize.format(bytesTotal))
          .append(", ")
          .append(ByteSize.percent(bytesDone, bytesTotal));
      double bytesPerNs = (double) (bytesDone - bytesBefore) / Math.max(1, nowNs - startNs);
      if (bytesPerNs > 0 && (phase != Phase.HYDRATING || nowNs - startNs > RATE_AFTER_NS)) {
        line.append(", ").append(ByteSize.format((long) (bytesPerNs * 1e9))).append("/s");
        if (phase == Phase.HYDRATING) {
          long left = (long) ((bytesTotal - bytesDone) / bytesPerNs / 1e9);
          line.append(", ").append(left).append(" s left");
        }
      }
      out.println(line);
      out.flush();
    }
  }
}
