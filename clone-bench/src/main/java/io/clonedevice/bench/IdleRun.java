package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneRuntime;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What does a device cost that nobody uses? Processor time and wake-ups of the device's threads,
 * and of the whole JVM beside a JVM without a device, over a minute; in memory, so that nothing but
 * this library can want to run.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.IdleRun JSON HEADLINE SECONDS</pre>
 */
public final class IdleRun {
  private static final int REGION = 4096;
  private static final int SIZE = 1 << 20;
  private static final double TICKS_PER_SECOND = 100;

  /** What the kernel counted for some threads. */
  private record Threads(int count, double processorSeconds, double wakeUps) {
    /** Of this process, those whose names begin so. */
    static Threads now(String namePrefix) throws IOException {
      int count = 0;
      double processorTime = 0;
      double wakeUps = 0;
      try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
        for (Path task : tasks.toList()) {
          if (Files.readString(task.resolve("comm")).startsWith(namePrefix)) {
            String stat = Files.readString(task.resolve("stat"));
            String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            count++;
            processorTime += Double.parseDouble(afterName[11]) + Double.parseDouble(afterName[12]);
            wakeUps += switches(task);
          }
        }
      }
      return new Threads(count, processorTime / TICKS_PER_SECOND, wakeUps);
    }

    private static double switches(Path task) throws IOException {
      return Files.readAllLines(task.resolve("status")).stream()
          .filter(line -> line.startsWith("voluntary_ctxt_switches:"))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")))
          .sum();
    }
  }

  private IdleRun() {}

  /**
   * Runs.
   *
   * @param args where to write, the first line to print, seconds of idleness
   */
  public static void main(String[] args) throws Exception {
    double seconds = Double.parseDouble(args[2]);
    Map<String, Hydration> kinds = new LinkedHashMap<>();
    kinds.put("1 device, unhydrated", Hydration.disabled());
    kinds.put("1 device, hydrated", Hydration.background());
    Results results = new Results(args[1]);
    Results.Table table =
        results.table(
            "idle",
            "open in the JVM",
            "its threads",
            "their CPU ms",
            "their wake-ups a second",
            "JVM, CPU ms",
            "JVM, wake-ups a second");
    measure(table, "no device", List.of(), seconds);
    for (Map.Entry<String, Hydration> kind : kinds.entrySet()) {
      try (CloneRuntime runtime = CloneRuntime.create();
          CloneDevice device = open(runtime, kind.getValue())) {
        measure(table, kind.getKey(), List.of(device), seconds);
      }
    }
    try (CloneRuntime runtime = CloneRuntime.create()) {
      List<CloneDevice> devices = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        devices.add(open(runtime, Hydration.disabled()));
      }
      measure(table, "1,000 devices, unhydrated", devices, seconds);
      for (CloneDevice device : devices) {
        device.close();
      }
    }
    results.publish(Path.of(args[0]));
  }

  private static CloneDevice open(CloneRuntime runtime, Hydration hydration) throws IOException {
    return CloneDevice.builder()
        .source(new MemoryBlockStore(SIZE))
        .destination(new MemoryBlockStore(SIZE))
        .metadata(new MemoryBlockStore(MetadataSize.forRegions(SIZE / REGION)))
        .regionSize(REGION)
        .runtime(runtime)
        .hydration(hydration)
        .open();
  }

  private static void measure(
      Results.Table table, String what, List<CloneDevice> devices, double seconds)
      throws Exception {
    for (CloneDevice device : devices) {
      device.blocking().write(0, ByteBuffer.allocateDirect(REGION));
      device.flush().join();
    }
    // Its commits, and what the JVM has left to compile, are over then.
    Thread.sleep(3_000);
    Threads ownBefore = Threads.now("clone-");
    Threads allBefore = Threads.now("");
    Thread.sleep((long) (seconds * 1000));
    Threads own = Threads.now("clone-");
    Threads all = Threads.now("");
    table.add(
        what,
        own.count(),
        (own.processorSeconds() - ownBefore.processorSeconds()) * 1000,
        (own.wakeUps() - ownBefore.wakeUps()) / seconds,
        (all.processorSeconds() - allBefore.processorSeconds()) * 1000,
        (all.wakeUps() - allBefore.wakeUps()) / seconds);
  }
}
