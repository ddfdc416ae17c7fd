package io.clonedevice.examples;

import io.clonedevice.hydration.Hydration;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** What a clone is made of, as options of a subcommand. */
final class CloneOptions {
  private static final long MAX_SETTING = 0xFFFF_FFFFL;

  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--source",
      required = true,
      paramLabel = "S",
      converter = SourceLocation.Converter.class,
      description = {
        "What to clone; never written: a file, a block device, or an export of an NBD server as",
        "  nbd://HOST[:PORT]/NAME",
        "  nbds://HOST[:PORT]/NAME, with TLS",
        "  nbd+unix:///NAME?socket=PATH",
        "  nbds+unix:///NAME?socket=PATH, with TLS",
      })
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
      description = "Copy nothing in the background; run then only makes or opens the clone.")
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

  /**
   * Refuses values that the parser let through.
   *
   * @throws ParameterException if a setting is out of range
   */
  void check() {
    checkSetting("--hydration-threshold", threshold);
    checkSetting("--hydration-batch-size", batchSize);
  }

  CloneFiles files() {
    return new CloneFiles(store, source, destination, metadata);
  }

  /** Bytes, or null for that of the metadata or the default. */
  Long regionSize() {
    return regionSize;
  }

  Hydration hydration() {
    Hydration hydration = noHydration ? Hydration.disabled() : Hydration.background();
    if (threshold != null) {
      hydration = hydration.threshold(threshold);
    }
    return batchSize == null ? hydration : hydration.batchSize(batchSize);
  }

  /** Whether anything is copied in the background. */
  boolean copies() {
    return !noHydration && (threshold == null || threshold > 0);
  }

  boolean discardPassdown() {
    return !noDiscardPassdown;
  }

  boolean quiet() {
    return quiet;
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
