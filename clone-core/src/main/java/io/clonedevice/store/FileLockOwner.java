package io.clonedevice.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who holds the lock of a file, as far as Linux tells in {@code /proc/locks}.
 *
 * <pre>
 *   5: POSIX  ADVISORY  WRITE 4711 fe:00:2154625 0 EOF
 *                             |    |     |
 *                             |    |     inode, decimal
 *                             |    device of the file system: major:minor, hexadecimal
 *                             process; 0 or less if it is of another container, or no single one
 * </pre>
 */
final class FileLockOwner {
  static final String THIS_PROCESS = "this process (" + ProcessHandle.current().pid() + ")";

  private static final Path LOCKS = Path.of("/proc/locks");

  // A waiter's line has an arrow after the number and does not match.
  private static final Pattern LOCK =
      Pattern.compile("\\d+: POSIX +\\S+ +\\S+ +(-?\\d+) (\\p{XDigit}+):(\\p{XDigit}+):(\\d+) .*");

  private FileLockOwner() {}

  /** Returns a process that holds a POSIX lock of the file, in words. */
  static Optional<String> of(Path file) {
    try {
      if (!Files.isReadable(LOCKS)
          || !file.getFileSystem().supportedFileAttributeViews().contains("unix")) {
        return Optional.empty();
      }
      long device = (Long) Files.getAttribute(file, "unix:dev");
      long inode = (Long) Files.getAttribute(file, "unix:ino");
      return ownerOf(Files.readAllLines(LOCKS, StandardCharsets.UTF_8), device, inode)
          .map(FileLockOwner::describe);
    } catch (IOException e) {
      return Optional.empty(); // it would only have made a message clearer
    }
  }

  static Optional<Long> ownerOf(List<String> locks, long device, long inode) {
    return locks.stream()
        .map(LOCK::matcher)
        .filter(Matcher::matches)
        .filter(
            lock ->
                Long.parseLong(lock.group(2), 16) == major(device)
                    && Long.parseLong(lock.group(3), 16) == minor(device)
                    && Long.parseUnsignedLong(lock.group(4)) == inode)
        .map(lock -> Long.parseLong(lock.group(1)))
        .filter(pid -> pid > 0)
        .findFirst();
  }

  private static long major(long device) {
    return (device >>> 8 & 0xFFF) | (device >>> 32 & 0xFFFFF000L);
  }

  private static long minor(long device) {
    return (device & 0xFF) | (device >>> 12 & 0xFFFFFF00L);
  }

  private static String describe(long pid) {
    if (pid == ProcessHandle.current().pid()) {
      return THIS_PROCESS;
    }
    return "process "
        + pid
        + ProcessHandle.of(pid)
            .flatMap(process -> process.info().command())
            .map(command -> " (" + command + ")")
            .orElse("");
  }
}
