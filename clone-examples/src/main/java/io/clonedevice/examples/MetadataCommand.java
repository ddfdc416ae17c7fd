package io.clonedevice.examples;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A subcommand that only reads a metadata device. */
abstract class MetadataCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--metadata",
      required = true,
      paramLabel = "M",
      description = "Metadata file or block device; opened read-only.")
  private Path metadata;

  final Path metadata() {
    return metadata;
  }

  final PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
