package io.clonedevice.examples;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code run}: makes or resumes a clone and hydrates it to the end. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Copies the source to the destination; what is done is recorded on the metadata device.",
      "",
      "Destination and metadata are created when they do not exist; otherwise the clone goes on"
          + " where it was stopped. Ctrl-C or SIGTERM stop it cleanly at any time.",
      ""
    })
final class RunCommand implements Callable<Integer> {
  private static final long MAX_SETTING = 0xFFFF_FFFFL;

  @Spec private CommandSpec spec;

  @Option(
      names = "--source",
      required = true,
      paramLabel = "S",
      converter = SourceLocation.Converter.class,
      description =
          "What to clone; never written: a file, a block device, or an export of an NBD server as"
              + " nbd://HOST[:PORT]/NAME, nbds://... for TLS, nbd+unix:///NAME?socket=PATH or"
              + " nbds+unix:///NAME?socket=PATH.")
  private SourceLocation source;

  @Option(
      names = "--destination",
      required = true,
      paramLabel = "D",
      description = "File or block device that becomes the copy.")
  private Path destination;

  @Option(
      names = "--metadata",
      required = true,
      paramLabel = "M",
      description = "File or block device that records which regions are hydrated.")
  private Path metadata;

  @Option(
      names = "--region-size",
      paramLabel = "BYTES",
      converter = ByteSize.class,
      description =
          "Unit of copying, a power of two from 4K to 1G. Default: that of the metadata; 64K for"
              + " a new clone.")
  private Long regionSize;

  @Option(
      names = "--hydration-threshold",
      paramLabel = "N",
      description = "Regions that may be copied at once. Default: the library's choice.")
  private Long threshold;

  @Option(
      names = "--hydration-batch-size",
      paramLabel = "N",
      description =
          "Adjacent regions that are joined into one copy. Default: the library's choice.")
  private Long batchSize;

  @Option(
      names = "--no-hydration",
      description = "Only make or open the clone; copy nothing and exit.")
  private boolean noHydration;

  @Option(names = "--no-discard-passdown", description = "Keep discards from the destination.")
  private boolean noDiscardPassdown;

  @Option(
      names = "--store",
      paramLabel = "KIND",
      defaultValue = "file",
      description =
          "How source and destination are accessed: file (page cache), mmap, or raw (past the page"
              + " cache; for block devices). Default: ${DEFAULT-VALUE}.")
  private StoreKind store;

  @Option(names = "--quiet", description = "Print nothing but errors.")
  private boolean quiet;

  @Override
  public Integer call() throws Exception {
    checkSetting("--hydration-threshold", threshold);
    checkSetting("--hydration-batch-size", batchSize);
    CloneFiles files = new CloneFiles(store, source, destination, metadata);
    CommandLine command = spec.commandLine();
    CloneRun run = new CloneRun(files, quiet, command.getOut(), command.getErr());
    return run.execute(regionSize, threshold, batchSize, !noHydration, !noDiscardPassdown);
  }

  private void checkSetting(String option, Long value) {
    if (value != null && (value < 0 || value > MAX_SETTING)) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '"
              + option
              + "': "
              + value
              + " is no number of regions from 0 to "
              + MAX_SETTING);
    }
  }
}
