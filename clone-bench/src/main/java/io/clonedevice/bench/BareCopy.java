package io.clonedevice.bench;

import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A file copied by the calls that hydration makes, one after the other, and made durable: what of
 * its time and processor time is the stores' and the kernel's, and, in a process of its own, the
 * JVM's.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.BareCopy SOURCE DESTINATION
 * </pre>
 */
public final class BareCopy {
  private static final int PIECE = 1 << 20;

  private BareCopy() {}

  /**
   * Runs.
   *
   * @param args source, destination, which is used as it is, or made
   */
  public static void main(String[] args) throws IOException {
    copy(Path.of(args[0]), Path.of(args[1]));
  }

  static void copy(Path from, Path to) throws IOException {
    try (FileChannelBlockStore source = FileChannelBlockStore.openReadOnly(from);
        FileChannelBlockStore destination = FileChannelBlockStore.openOrCreate(to, source.size())) {
      for (long offset = 0; offset < source.size(); offset += PIECE) {
        source.copyTo(offset, destination, offset, Math.min(PIECE, source.size() - offset));
      }
      destination.flush();
    }
  }
}
