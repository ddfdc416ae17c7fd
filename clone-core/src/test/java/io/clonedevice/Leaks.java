package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.OffHeapBalance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What was open before; nothing more may be open afterwards. */
public final class Leaks {
  private static final long PATIENCE_MS = 10_000;

  private final Path directory;
  private final Set<Thread> threads = threads();
  private final long offHeapBytes = OffHeapBalance.bytes();
  private final List<String> descriptors;

  /**
   * @param directory whose open files count, {@code null} for none
   */
  public Leaks(Path directory) throws IOException {
    this.directory = directory;
    this.descriptors = descriptors(directory);
  }

  /** Threads may still be about to end; everything else must be given back by now. */
  public void assertNone() throws IOException, InterruptedException {
    assertThat(OffHeapBalance.bytes()).as("off-heap bytes").isEqualTo(offHeapBytes);
    assertThat(descriptors(directory)).as("open files").isEqualTo(descriptors);
    for (Thread thread : threads()) {
      if (!threads.contains(thread)) {
        thread.join(PATIENCE_MS);
        assertThat(thread.isAlive()).as("%s runs", thread).isFalse();
      }
    }
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("clone-"))
        .collect(Collectors.toSet());
  }

  private static List<String> descriptors(Path directory) throws IOException {
    Path all = Path.of("/proc/self/fd");
    if (directory == null || !Files.isDirectory(all)) {
      return List.of();
    }
    List<String> found = new ArrayList<>();
    try (var links = Files.newDirectoryStream(all)) {
      for (Path link : links) {
        try {
          String file = Files.readSymbolicLink(link).toString();
          if (file.startsWith(directory.toString())) {
            found.add(file);
          }
        } catch (NoSuchFileException e) {
          // The descriptor of the directory stream itself, or one that was closed meanwhile.
          continue;
        }
      }
    }
    found.sort(null);
    return found;
  }
}
