package io.clonedevice.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    Path socket = files.path("socket");
    Path destination = files.path("nbd-destination");
    Path metadata = files.path("nbd-metadata");
    Path pid = files.path("pid");
    // Returns when it listens; the server itself goes on in the background.
    ExternalRun.of(
        ("nbdkit -r -U " + socket + " -P " + pid + " --filter=delay file file=" + source)
            .concat(" rdelay=" + latencyMs + "ms")
            .split(" "));
    ProcessHandle server =
        ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
    try {
      String uri = "nbd+unix:///?socket=" + socket;
      String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
      String clone = java + " -jar " + cloneJar + " run --quiet --region-size 4096 --source " + uri;
      ours.add(
          ExternalRun.of(
                  (clone + " --destination " + destination + " --metadata " + metadata).split(" "))
              .seconds());
      Files.delete(destination);
      Files.delete(metadata);
      theirs.add(ExternalRun.of("nbdcopy", "--flush", uri, destination.toString()).seconds());
      Files.delete(destination);
    } finally {
      server.destroy();
      server.onExit().join();
      Files.deleteIfExists(socket);
      Files.deleteIfExists(pid);
    }
  }
}
