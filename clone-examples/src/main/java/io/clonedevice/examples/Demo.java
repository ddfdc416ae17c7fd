package io.clonedevice.examples;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneStatus;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Shows an instant clone at work and proves it right: opens a clone of a real image on a slow
 * source, reads and writes it while it hydrates, closes it half-way, opens it again, and compares
 * the finished copy byte by byte with the source plus what was written.
 *
 * <p>{@code mvn -q -Pdemo verify} runs it, {@code -Dclone.source=IMAGE} on an image of your own.
 */
@Command(
    name = "demo",
    hidden = true,
    mixinStandardHelpOptions = true,
    description = "Shows an instant clone at work and proves it right.")
public final class Demo implements Callable<Integer> {
  private static final int REGION_SIZE = 64 << 10;

  /** A stream from the source; several run at once. */
  private static final long STREAM_BYTES_PER_SECOND = 25L << 20;

  @Spec private CommandSpec spec;

  @Option(names = "--source", paramLabel = "IMAGE", description = "An image of your own.")
  private Path source;

  private final Random random = new Random();
  private PrintWriter out;
  private DemoImage image;
  private DemoWorkload workload;
  private Path destination;
  private Path metadata;

  private Demo() {}

  /**
   * Runs the demo and ends the process.
   *
   * @param args none, or {@code --source IMAGE}
   */
  public static void main(String[] args) {
    String[] command = new String[args.length + 1];
    command[0] = "demo";
    System.arraycopy(args, 0, command, 1, args.length);
    CloneTool.main(command);
  }

  @Override
  public Integer call() throws Exception {
    out = spec.commandLine().getOut();
    String property = System.getProperty("clone.source", "");
    if (source == null && !property.isBlank()) {
      source = Path.of(property);
    }
    try (TemporaryDirectory directory = new TemporaryDirectory("clone-demo")) {
      image =
          source == null
              ? DemoImage.make(directory.path(), random)
              : DemoImage.ofUser(source, random);
      destination = directory.path().resolve("destination.img");
      metadata = directory.path().resolve("metadata");
      workload = new DemoWorkload(image, random);
      say("source: %s", image.description());
      say(
          "        behind a line with 0.5 ms latency and %s/s a stream",
          ByteSize.format(STREAM_BYTES_PER_SECOND));
      long sourceChecksum = DemoProof.checksum(image.path(), image.size());

      hydrateTo(0.5);
      hydrateTo(1);

      DemoProof proof = new DemoProof(image, workload.writes());
      proof.compare(destination);
      say(
          "proof:  all %d bytes of the destination are the source plus %d writes of %d bytes",
          image.size(), workload.writes().size(), DemoImage.BLOCK_SIZE);
      if (DemoProof.checksum(image.path(), image.size()) != sourceChecksum) {
        throw new IOException("the source " + image.path() + " has changed");
      }
      say("proof:  the source has not changed");
      checkFileSystem();
    }
    return CloneTool.DONE;
  }

  /** Opens the clone, works on it until so much is hydrated, and closes it. */
  private void hydrateTo(double share) throws Exception {
    long startNs = System.nanoTime();
    try (CloneDevice device = open()) {
      long openedNs = System.nanoTime();
      CloneStatus first = device.statusNoFlush();
      workload.readFirst(device);
      say(
          "%s in %.0f ms, %s hydrated; first read %.1f ms later",
          share < 1 ? "opened:" : "reopened:",
          (openedNs - startNs) / 1e6,
          ByteSize.percent(first.hydratedRegions(), first.regionCount()),
          (System.nanoTime() - openedNs) / 1e6);

      long hydrationStartNs = System.nanoTime();
      long before = first.hydratedRegions();
      CloneStatus status = first;
      try (Progress progress =
          Progress.onStderr(before * REGION_SIZE, image.size(), spec.commandLine().getErr())) {
        while (status.hydratedRegions() < share * status.regionCount()) {
          workload.step(device);
          status = device.statusNoFlush();
          progress.update(Progress.Phase.HYDRATING, hydratedBytes(status));
        }
        if (share == 1) {
          progress.update(Progress.Phase.COMMITTING, hydratedBytes(status));
          awaitHydrated(device);
          progress.update(Progress.Phase.DONE, hydratedBytes(status));
        }
      }
      double seconds = (System.nanoTime() - hydrationStartNs) / 1e9;
      long bytes = (status.hydratedRegions() - before) * REGION_SIZE;
      say(
          "        %s hydrated in %.1f s, %s/s, while %d reads were checked and %d blocks written",
          ByteSize.format(bytes),
          seconds,
          ByteSize.format((long) (bytes / seconds)),
          workload.takeReads(),
          workload.takeWrites());
    }
    say(share == 1 ? "closed: complete and durable" : "closed: half-way");
  }

  private static void awaitHydrated(CloneDevice device) throws Exception {
    try {
      device.hydrated().get(20, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new IOException("the clone is not complete 20 s after its last region was copied", e);
    }
  }

  private CloneDevice open() throws IOException {
    RegionGeometry geometry = new RegionGeometry(image.size(), REGION_SIZE);
    return CloneDevice.builder()
        .source(
            new NetworkLikeStore(
                FileChannelBlockStore.openReadOnly(image.path()), STREAM_BYTES_PER_SECOND))
        .destination(FileChannelBlockStore.openOrCreate(destination, image.size()))
        .metadata(
            FileChannelBlockStore.openOrCreate(
                metadata, MetadataSize.forRegions(geometry.regionCount())))
        .regionSize(REGION_SIZE)
        .hydration(Hydration.background().threshold(64).batchSize(16))
        .open();
  }

  private void checkFileSystem() throws IOException, InterruptedException {
    Optional<Path> e2fsck = Programs.find("e2fsck");
    if (!image.isExt4() || e2fsck.isEmpty()) {
      say("        (no file system check: it needs e2fsck and an image that the demo made)");
      return;
    }
    Programs.run(e2fsck.get().toString(), "-f", "-n", destination.toString());
    say("proof:  e2fsck -fn finds the destination's file system clean");
  }

  private long hydratedBytes(CloneStatus status) {
    return Math.min(status.hydratedRegions() * REGION_SIZE, image.size());
  }

  private void say(String format, Object... arguments) {
    out.printf(Locale.ROOT, format + "%n", arguments);
    out.flush();
  }
}
