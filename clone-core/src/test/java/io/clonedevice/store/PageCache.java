package io.clonedevice.store;

import static org.junit.jupiter.api.Assumptions.abort;

import com.sun.jna.Function;
import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What the kernel keeps of a file in memory, by cachestat(2).
 *
 * @param pages all of them
 * @param dirtyPages those to be written to the disk
 */
record PageCache(long pages, long dirtyPages) {
  private static final long CACHESTAT = 451;

  /** Looks; skips the test where nobody knows. */
  static PageCache of(Path file) throws IOException {
    int descriptor = LinuxSystemCalls.openFile(file.toString(), LinuxSystemCalls.O_RDONLY);
    if (descriptor < 0) {
      throw new IOException("open of " + file + " failed with error number " + -descriptor);
    }
    long[] wholeFile = {0, 0};
    long[] counts = new long[5];
    try {
      Function call = Function.getFunction("c", "syscall", Function.THROW_LAST_ERROR);
      call.invokeLong(new Object[] {CACHESTAT, (long) descriptor, wholeFile, counts, 0L});
    } catch (LastErrorException e) {
      return abort("no cachestat(2) here, it came with Linux 6.5: " + e.getMessage());
    } finally {
      LinuxSystemCalls.closeFile(descriptor);
    }
    return new PageCache(counts[0], counts[1]);
  }
}
