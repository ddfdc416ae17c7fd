package io.clonedevice.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The threads of the devices that are open in this process; they end with the device. */
final class DeviceThreads {
  private DeviceThreads() {}

  /**
   * What they have taken since they began; NaN where /proc does not tell. The JVM's management
   * would have to be loaded first, which takes 60 ms of a short run.
   */
  static double processorSeconds() throws IOException {
    Path tasks = Path.of("/proc/self/task");
    if (!Files.exists(tasks)) {
      return Double.NaN;
    }
    long ns = 0;
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
      for (Path thread : threads) {
        if (Files.readString(thread.resolve("comm")).startsWith("clone-")) {
          String onProcessor = Files.readString(thread.resolve("schedstat"));
          ns += Long.parseLong(onProcessor.substring(0, onProcessor.indexOf(' ')));
        }
      }
    }
    return ns / 1e9;
  }
}
