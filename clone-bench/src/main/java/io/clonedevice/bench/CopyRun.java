package io.clonedevice.bench;

import io.clonedevice.CloneDevice;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FileChannelBlockStore;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One clone of a file, from before it is opened until it is hydrated, durable and closed, with
 * default settings: a process of its own for each, as {@code cp} is. The destination is used as it
 * is, or made. Prints the seconds that it took, those of them after the last copy (the final
 * flush), and the seconds of processor time that the device's threads took: neither the start of
 * the JVM nor its compilers.
 *
 * <pre>
 * java -cp benchmarks.jar io.clonedevice.bench.CopyRun SOURCE DESTINATION METADATA [region bytes]
 * </pre>
 */
public final class CopyRun {
  private static final int LOOK_EVERY_MS = 5;

  private CopyRun() {}

  /**
   * Runs.
   *
   * @param args source, destination, metadata device, region size in bytes (4096)
   */
  public static void main(String[] args) throws Exception {
    int regionSize = args.length > 3 ? Integer.parseInt(args[3]) : 4096;
    long start = System.nanoTime();
    long lastCopy;
    double processorSeconds;
    FileChannelBlockStore source = FileChannelBlockStore.openReadOnly(Path.of(args[0]));
    long regions = (source.size() - 1) / regionSize + 1;
    try (CloneDevice device =
        CloneDevice.builder()
            .source(source)
            .destination(FileChannelBlockStore.openOrCreate(Path.of(args[1]), source.size()))
            .metadata(
                FileChannelBlockStore.openOrCreate(
                    Path.of(args[2]), MetadataSize.forRegions(regions)))
            .regionSize(regionSize)
            .open()) {
      lastCopy = awaitHydrated(device, regions);
      processorSeconds = DeviceThreads.processorSeconds();
    }
    long end = System.nanoTime();
    // Neither format nor concatenation, for which the JVM would load dozens of classes.
    System.out.println(
        String.join(
            " ",
            Double.toString((end - start) / 1e9),
            Double.toString((end - lastCopy) / 1e9),
            Double.toString(processorSeconds)));
  }

  /** Returns when the last region was seen to be copied. */
  private static long awaitHydrated(CloneDevice device, long regions) throws Exception {
    long lastLook = System.nanoTime();
    while (device.statusNoFlush().hydratedRegions() < regions) {
      lastLook = System.nanoTime();
      try {
        device.hydrated().get(LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        continue;
      }
    }
    device.hydrated().get();
    return lastLook;
  }
}
