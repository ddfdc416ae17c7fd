package io.clonedevice.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How fast is a clone of an NBD export hydrated whose server delays each read, beside {@code
 * nbdcopy}? Both with their defaults, as processes of their own, from their start to the end of a
 * flush.
 */
final class NbdSourceRun {
  private static final int MIB = 1024;

  private NbdSourceRun() {}

  static void tell(Results results, Path cloneJar, BenchFiles files, int[] latenciesMs, int rounds)
      throws IOException, InterruptedException {
    for (String tool : List.of("nbdkit", "nbdcopy")) {
      if (!ExternalRun.isInstalled(tool)) {
        System.err.println("left out: an NBD source; " + tool + " is not installed");
        return;
      }
    }
    if (!Files.exists(cloneJar)) {
      System.err.println("left out: an NBD source; build " + cloneJar);
      return;
    }
    Results.Table table =
        results.table(
            "an NBD server that delays each read",
            "latency ms",
            "clone.jar, MiB/s",
            "nbdcopy, MiB/s",
            "ratio");
    Path source = files.random("nbd-source", (long) MIB << 20);
    for (int latency : latenciesMs) {
      Figures ours = new Figures();
      Figures theirs = new Figures();
      for (int round = 0; round < rounds; round++) {
        run(cloneJar, files, source, latency, ours, theirs);
      }
      table.add(
          latency, MIB / ours.median(), MIB / theirs.median(), theirs.median() / ours.median());
    }
  }

  private static void run(
      Path cloneJar, BenchFiles files, Path source, int latencyMs, Figures ours, Figures theirs)
      throws IOException, InterruptedException {
    Path destination = files.path("nbd-destination");
    Path metadata = files.path("nbd-metadata");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String clone = java + " -jar " + cloneJar + " run --quiet --region-size 4096 --source \"$uri\"";
    ours.add(
        whileServed(
            source,
            latencyMs,
            clone + " --destination " + destination + " --metadata " + metadata));
    Files.delete(destination);
    Files.delete(metadata);
    theirs.add(whileServed(source, latencyMs, "nbdcopy --flush \"$uri\" " + destination));
    Files.delete(destination);
  }

  /** Returns the seconds of a shell command and of the server that lives as long, 10 ms more. */
  private static double whileServed(Path source, int latencyMs, String command)
      throws IOException, InterruptedException {
    String server = "nbdkit -r -U - --filter=delay file file=" + source;
    List<String> words = new ArrayList<>(List.of(server.split(" ")));
    words.addAll(List.of("rdelay=" + latencyMs + "ms", "--run", command));
    return ExternalRun.of(words.toArray(new String[0])).seconds();
  }
}
