package io.clonedevice.bench;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * How fast, and with how much processor time, is a file hydrated into another, beside the tools
 * that copy files? Each is a process of its own, from its start to the end of an {@code fsync}.
 * Source in the page cache, 4 KiB regions, default settings; tools in random order. What the blocks
 * of the destination were before decides much, so only what writes into the same is compared:
 * {@code cp} and {@code nbdcopy} truncate their destination, and stand only where there was none.
 *
 * <pre>java -cp benchmarks.jar io.clonedevice.bench.HydrationBesidePeers JSON HEADLINE MiB ROUNDS
 * </pre>
 */
public final class HydrationBesidePeers {
  private static final String OURS = "hydration";
  private static final String ARCHIVED = "hydration, with a class archive";
  private static final String THREADS = "hydration: its threads, without the JVM's own";
  private static final String BARE = "the same calls in a JVM, without a device";
  private static final List<String> JAVA = List.of(OURS, ARCHIVED, THREADS, BARE);

  /** What the destination is before the copy. */
  private enum Destination {
    NEW("none, or sparse"),
    FALLOCATED("fallocated, never written"),
    WRITTEN("written before");

    private final String text;

    Destination(String text) {
      this.text = text;
    }

    void make(Path file, long size) throws IOException, InterruptedException {
      Files.deleteIfExists(file);
      if (this == FALLOCATED) {
        ExternalRun.of("fallocate", "-l", Long.toString(size), file.toString());
      } else if (this == WRITTEN) {
        byte[] chunk = new byte[1 << 20];
        java.util.Arrays.fill(chunk, (byte) 0x55);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
          for (long at = 0; at < size; at += chunk.length) {
            out.write(chunk);
          }
        }
      }
      ExternalRun.of("sync");
    }
  }

  private record Tool(String name, Destination destination, List<String> command) {
    String key() {
      return destination + name;
    }
  }

  private final Map<String, Figures> seconds = new LinkedHashMap<>();
  private final Map<String, Figures> processor = new LinkedHashMap<>();
  private final Figures[] finalFlush = new Figures[Destination.values().length];
  private final Path source;
  private final Path destination;
  private final Path metadata;
  private final Path archive;
  private final long size;

  private HydrationBesidePeers(BenchFiles files, long size)
      throws IOException, InterruptedException {
    this.source = files.random("source", size);
    this.destination = files.path("destination");
    this.metadata = files.path("metadata");
    this.archive = archiveClasses(files);
    this.size = size;
    for (int i = 0; i < finalFlush.length; i++) {
      finalFlush[i] = new Figures();
    }
  }

  /**
   * Runs.
   *
   * @param args where to write, the first line to print, size in MiB, rounds
   */
  public static void main(String[] args) throws Exception {
    try (BenchFiles files = new BenchFiles()) {
      long size = Long.parseLong(args[2]) << 20;
      HydrationBesidePeers run = new HydrationBesidePeers(files, size);
      List<Tool> tools = run.tools();
      List<Tool> inTurn = new ArrayList<>(tools);
      // What one leaves in memory, the next one meets: each is to come after each of the others.
      Random order = new Random(1);
      for (int round = -1; round < Integer.parseInt(args[3]); round++) {
        Collections.shuffle(inTurn, order);
        for (Tool tool : inTurn) {
          run.measure(tool, round >= 0);
        }
      }
      Results results = new Results(args[1]);
      for (Destination state : Destination.values()) {
        run.tell(results, state, tools);
      }
      results.publish(Path.of(args[0]));
    }
  }

  /** Keeps the classes that a copy loads, parsed and verified, as README shows for the tool. */
  private static Path archiveClasses(BenchFiles files) throws IOException, InterruptedException {
    Path archive = files.path("classes");
    Path small = files.random("small", 16 << 20);
    Path copy = files.path("small-copy");
    Path metadata = files.path("small-metadata");
    ExternalRun.of(
        List.of(
            ExternalRun.java(
                List.of("-XX:ArchiveClassesAtExit=" + archive, "-Xlog:disable"),
                CopyRun.class,
                small.toString(),
                copy.toString(),
                metadata.toString())));
    return archive;
  }

  private Tool ours(String name, Destination state, String... options) {
    return new Tool(
        name,
        state,
        ExternalRun.java(
            List.of(options),
            CopyRun.class,
            source.toString(),
            destination.toString(),
            metadata.toString()));
  }

  private List<Tool> tools() {
    List<Tool> tools = new ArrayList<>();
    for (Destination state : Destination.values()) {
      tools.add(ours(OURS, state));
      tools.add(ours(ARCHIVED, state, "-XX:SharedArchiveFile=" + archive, "-Xlog:disable"));
      tools.add(
          new Tool(
              BARE,
              state,
              ExternalRun.java(BareCopy.class, source.toString(), destination.toString())));
      if (state == Destination.NEW) {
        add(tools, state, "cp", "--reflink=never", "--sparse=never", "S", "D");
        add(tools, state, "nbdcopy", "--flush", "--allocated", "S", "D");
      }
      add(tools, state, "dd", "if=S", "of=D", "bs=1M", "conv=notrunc,fsync", "status=none");
      String[] convert = "convert -n -W -m 8 -S 0 -f raw -O raw -t writeback S D".split(" ");
      List<String> qemu = new ArrayList<>(List.of("qemu-img"));
      qemu.addAll(List.of(convert));
      add(tools, state, qemu.toArray(String[]::new));
    }
    return tools;
  }

  private void add(List<Tool> tools, Destination state, String... command) {
    if (!ExternalRun.isInstalled(command[0])) {
      System.err.println("left out: " + command[0] + " is not installed");
      return;
    }
    List<String> filled = new ArrayList<>();
    for (String word : command) {
      filled.add(
          word.equals("S") || word.equals("if=S")
              ? word.replace("S", source.toString())
              : word.equals("D") || word.equals("of=D")
                  ? word.replace("D", destination.toString())
                  : word);
    }
    tools.add(new Tool(command[0], state, filled));
  }

  private void measure(Tool tool, boolean counts) throws IOException, InterruptedException {
    tool.destination().make(destination, size);
    if (tool.name().equals("qemu-img") && tool.destination() == Destination.NEW) {
      // Writes into what is there, and wants its size.
      try (RandomAccessFile out = new RandomAccessFile(destination.toFile(), "rw")) {
        out.setLength(size);
      }
    }
    Files.deleteIfExists(metadata);
    ExternalRun outcome =
        ExternalRun.of(List.of(tool.command(), List.of("sync", destination.toString())));
    if (!counts) {
      return;
    }
    add(tool.key(), outcome.seconds(), outcome.processorSeconds());
    if (tool.name().equals(OURS)) {
      String[] own = outcome.output().trim().split(" ");
      add(
          new Tool(THREADS, tool.destination(), List.of()).key(),
          Double.parseDouble(own[0]),
          Double.parseDouble(own[2]));
      finalFlush[tool.destination().ordinal()].add(Double.parseDouble(own[1]));
    }
  }

  private void add(String key, double elapsed, double processorTime) {
    seconds.computeIfAbsent(key, k -> new Figures()).add(elapsed);
    processor.computeIfAbsent(key, k -> new Figures()).add(processorTime);
  }

  private void tell(Results results, Destination state, List<Tool> all) {
    Results.Table table =
        results.table(
            "destination: " + state.text,
            "tool",
            "MiB/s",
            "x the best other",
            "slowest round",
            "CPU s",
            "x the least other CPU",
            "x the CPU of cp",
            "final flush ms");
    List<String> names = new ArrayList<>(JAVA);
    double best = Double.MAX_VALUE;
    double least = Double.MAX_VALUE;
    for (Tool tool : all) {
      if (tool.destination() == state && !JAVA.contains(tool.name())) {
        names.add(tool.name());
        best = Math.min(best, seconds.get(tool.key()).median());
        least = Math.min(least, processor.get(tool.key()).median());
      }
    }
    Figures cp = processor.get(new Tool("cp", Destination.NEW, List.of()).key());
    for (String name : names) {
      String key = new Tool(name, state, List.of()).key();
      double elapsed = seconds.get(key).median();
      double mib = size / (double) (1 << 20);
      table.add(
          name,
          mib / elapsed,
          best / elapsed,
          mib / seconds.get(key).most(),
          processor.get(key).median(),
          processor.get(key).median() / least,
          cp == null ? null : processor.get(key).median() / cp.median(),
          name.equals(OURS) ? finalFlush[state.ordinal()].median() * 1000 : null);
    }
  }
}
