package io.clonedevice.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Durations and memory, and the medians of several rounds. */
final class Figures {
  /** Something that takes time. */
  @FunctionalInterface
  interface Work {
    void run() throws IOException;
  }

  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private final List<Double> values = new ArrayList<>();

  void add(double value) {
    values.add(value);
  }

  double median() {
    return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
  }

  double first() {
    return values.get(0);
  }

  double least() {
    return values.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
  }

  double most() {
    return values.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
  }

  /** Runs and returns the milliseconds that it took. */
  static double milliseconds(Work work) throws IOException {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e6;
  }

  /** Runs and returns the milliseconds of processor time that it took of this thread. */
  static double processorMilliseconds(Work work) throws IOException {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long start = threads.getCurrentThreadCpuTime();
    work.run();
    return (threads.getCurrentThreadCpuTime() - start) / 1e6;
  }

  /** Processor time of this process until now, in nanoseconds. */
  static long processorNs() {
    return SYSTEM.getProcessCpuTime();
  }

  /** Runs and adds the milliseconds that it took. */
  void time(Work work) throws IOException {
    add(milliseconds(work));
  }

  /** Memory of this process outside of files, in MiB; NaN where /proc does not tell. */
  static double anonymousMemory() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return Double.NaN;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("RssAnon:"))
        .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
        .findFirst()
        .orElse(Double.NaN);
  }

  /** Heap in use after a collection, in MiB. */
  static double heap() {
    Runtime runtime = Runtime.getRuntime();
    System.gc();
    return (runtime.totalMemory() - runtime.freeMemory()) / (double) (1 << 20);
  }

  static String environment() {
    return System.getProperty("java.vm.version")
        + ", "
        + Runtime.getRuntime().availableProcessors()
        + " processors";
  }
}
