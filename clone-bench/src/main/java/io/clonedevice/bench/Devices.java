package io.clonedevice.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.UnixOperatingSystemMXBean;
import io.clonedevice.CloneDevice;
import io.clonedevice.CloneRuntime;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Many devices of 1 GiB with regions of 64 KiB, on files, on one runtime; background hydration is
 * off. Each reads and writes once, then they are idle. What does each cost?
 */
final class Devices {
  private static final long SIZE = 1L << 30;
  private static final int REGION = 64 << 10;
  private static final int DESCRIPTORS_EACH = 12;

  private final long idleMs;

  Devices(long idleMs) {
    this.idleMs = idleMs;
  }

  static Results.Table table(Results results) {
    return results.table(
        "devices",
        "devices",
        "threads",
        "open ms each",
        "heap KiB each",
        "off-heap KiB each",
        "idle CPU us a second, all",
        "close ms each");
  }

  void run(Results.Table table, int count) throws Exception {
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
        && system.getMaxFileDescriptorCount() < (long) count * DESCRIPTORS_EACH) {
      System.err.println(count + " devices need more file descriptors; see ulimit -n");
      return;
    }
    try (BenchFiles files = new BenchFiles();
        CloneRuntime runtime = CloneRuntime.create()) {
      try (RandomAccessFile source = new RandomAccessFile(files.path("source").toFile(), "rw")) {
        source.setLength(SIZE);
      }
      ByteBuffer buffer = BenchClone.buffer(4096);
      double heap = Figures.heap();
      double offHeap = Figures.anonymousMemory();
      List<CloneDevice> devices = new ArrayList<>();
      double openMs =
          Figures.milliseconds(
              () -> {
                for (int i = 0; i < count; i++) {
                  devices.add(open(files, runtime, i));
                }
              });
      for (CloneDevice device : devices) {
        device.read(0, buffer.clear()).join();
        device.write(0, buffer.clear()).join();
        device.flush().join();
      }
      heap = Figures.heap() - heap;
      offHeap = Figures.anonymousMemory() - offHeap;
      double idle = idleProcessorUsPerSecond();
      int threads = threads();
      double closeMs =
          Figures.milliseconds(
              () -> {
                for (CloneDevice device : devices) {
                  device.close();
                }
              });
      table.add(
          count,
          threads,
          each(openMs, count),
          each(heap * 1024, count),
          each(offHeap * 1024, count),
          idle,
          each(closeMs, count));
    }
  }

  private static Double each(double all, int count) {
    return count == 0 ? null : all / count;
  }

  private static CloneDevice open(BenchFiles files, CloneRuntime runtime, int number)
      throws IOException {
    return CloneDevice.builder()
        .source(FileChannelBlockStore.openReadOnly(files.path("source")))
        .destination(FileChannelBlockStore.create(files.path("destination-" + number), SIZE))
        .metadata(
            FileChannelBlockStore.create(
                files.path("metadata-" + number), MetadataSize.forRegions(SIZE / REGION)))
        .regionSize(REGION)
        .hydration(Hydration.disabled())
        .runtime(runtime)
        .open();
  }

  /** Of the whole JVM, its own housekeeping included; that is what no device would cost, too. */
  private double idleProcessorUsPerSecond() throws InterruptedException {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    Thread.sleep(1_500); // the commit that is due a second after the last write
    long before = system.getProcessCpuTime();
    Thread.sleep(idleMs);
    return (system.getProcessCpuTime() - before) / (double) idleMs;
  }

  private static int threads() {
    return (int)
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("clone-"))
            .count();
  }
}
