package io.clonedevice.bench;

import com.sun.management.ThreadMXBean;
import io.clonedevice.store.BlockStore;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * What is counted, not timed, of each kind of request on files: calls of the stores, bytes that the
 * calling thread allocates, and system calls, by strace, of a process of its own. Exact, but for
 * what the JVM does in between.
 */
public final class RequestCosts {
  private static final int PER_ROUND = 128;
  private static final int BUFFER_SIZE = 1 << 20;
  private static final ByteBuffer BUFFER = BenchClone.buffer(BUFFER_SIZE);
  private static final String TRACED =
      "pread64,pwrite64,preadv2,pwritev2,fsync,fdatasync,fallocate,sync_file_range,futex";
  private static final ThreadMXBean THREADS =
      ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

  private RequestCosts() {}

  /**
   * Makes requests of one kind: what is run under strace.
   *
   * @param args the kind, and how many rounds
   */
  public static void main(String[] args) throws Exception {
    RequestKind kind = RequestKind.valueOf(args[0]);
    try (BenchClone clone = open(kind, (role, store) -> store)) {
      for (int round = 0; round < Integer.parseInt(args[1]); round++) {
        makeRound(kind, clone, round);
      }
    }
  }

  /** A table of the costs of every kind. */
  static Results.Table table() throws IOException, InterruptedException {
    Results.Table table = new Results.Table("costs", "row", "store calls", "bytes", "system calls");
    for (RequestKind kind : RequestKind.values()) {
      table.add(kind.row, storeCalls(kind), bytes(kind), systemCalls(kind));
    }
    return table;
  }

  private static BenchClone open(RequestKind kind, BenchClone.Wrapper wrapper) throws IOException {
    // Room for a request of the buffer's length at the last region, and one region that is never
    // hydrated.
    long size = 4L * PER_ROUND * kind.regionSize + BUFFER_SIZE + kind.regionSize;
    BenchClone clone = new BenchClone(Medium.FILE, size, kind.regionSize, wrapper);
    return kind.hydrated ? clone.hydrate() : clone;
  }

  private static void makeRound(RequestKind kind, BenchClone clone, int round) throws IOException {
    BlockStore blocking = clone.blocking();
    for (int i = 0; i < PER_ROUND; i++) {
      long region = (long) (round % 4 * PER_ROUND + i) * kind.regionSize;
      kind.make(clone, blocking, region, BUFFER.clear());
    }
  }

  private static String storeCalls(RequestKind kind) throws IOException {
    Map<String, Integer> calls = new TreeMap<>();
    try (BenchClone clone =
        open(kind, (role, store) -> new CountingBlockStore(role, store, calls))) {
      CountingBlockStore.takeFrom(calls, 1);
      makeRound(kind, clone, 0);
      return CountingBlockStore.takeFrom(calls, PER_ROUND);
    }
  }

  /** The least of several rounds, when everything is compiled. */
  private static double bytes(RequestKind kind) throws IOException {
    int rounds = kind.isSlow() ? 24 : 400;
    long least = Long.MAX_VALUE;
    try (BenchClone clone = open(kind, (role, store) -> store)) {
      for (int round = 0; round < rounds; round++) {
        if (!kind.hydrated && round % 4 == 0) {
          clone.renew();
        }
        long before = THREADS.getCurrentThreadAllocatedBytes();
        makeRound(kind, clone, round);
        least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
      }
    }
    return least / (double) PER_ROUND;
  }

  /** What three rounds make beyond what one does; null without strace. */
  private static String systemCalls(RequestKind kind) throws IOException, InterruptedException {
    Map<String, Integer> few = trace(kind, 1);
    Map<String, Integer> many = trace(kind, 3);
    if (few == null || many == null) {
      return null;
    }
    few.forEach((call, count) -> many.merge(call, -count, Integer::sum));
    if (!kind.row.startsWith("AsyncIo")) {
      many.remove("futex"); // nobody waits; what there is comes from the JVM
    }
    return PerRequest.text(many, 2 * PER_ROUND);
  }

  private static Map<String, Integer> trace(RequestKind kind, int rounds)
      throws IOException, InterruptedException {
    Path summary = Files.createTempFile("strace", ".txt");
    try {
      List<String> command =
          new ArrayList<>(
              List.of("strace", "-f", "-c", "-o", summary.toString(), "-e", "trace=" + TRACED));
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp"));
      command.add(System.getProperty("java.class.path"));
      command.addAll(List.of(RequestCosts.class.getName(), kind.name(), "" + rounds));
      Process process = new ProcessBuilder(command).inheritIO().start();
      if (!process.waitFor(1, TimeUnit.MINUTES)) {
        process.destroy();
        throw new IOException("strace did not end within a minute: " + command);
      }
      return process.exitValue() == 0 ? counts(Files.readAllLines(summary)) : null;
    } catch (IOException e) {
      System.err.println("system calls are not counted: " + e.getMessage());
      return null;
    } finally {
      Files.delete(summary);
    }
  }

  /** Reads lines of: percent, seconds, microseconds a call, calls, errors if any, name. */
  private static Map<String, Integer> counts(List<String> summary) {
    Map<String, Integer> counts = new TreeMap<>();
    for (String line : summary) {
      String[] words = line.trim().split("\\s+");
      String name = words[words.length - 1];
      if (words.length >= 5 && List.of(TRACED.split(",")).contains(name)) {
        counts.put(name, Integer.parseInt(words[3]));
      }
    }
    return counts;
  }
}
