package io.clonedevice.examples;

import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.tool.MetadataRestore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code restore}: makes a metadata device from a dump. */
@Command(
    name = "restore",
    mixinStandardHelpOptions = true,
    description = {
      "Makes metadata from the JSON of dump --json, or from the like that another tool wrote:",
      "",
      "  {\"region_size_sectors\":8,\"device_sectors\":800,\"ranges\":[[0,3],[63,2]]}",
      "",
      "where a range is the first region that is on the destination already, and their number.",
      ""
    })
final class RestoreCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--metadata",
      required = true,
      paramLabel = "M",
      description = "Metadata file, made if it is missing, or block device to write.")
  private Path metadata;

  @Option(
      names = "--from",
      required = true,
      paramLabel = "DUMP",
      description = "File with the JSON.")
  private Path dump;

  @Option(
      names = "--overwrite",
      description = "Write M even if it is not all zeroes; what it holds is lost.")
  private boolean overwrite;

  @Override
  public Integer call() throws Exception {
    // It is read twice.
    if (Files.exists(dump) && !Files.isRegularFile(dump)) {
      throw new FileSystemException(
          dump.toString(), null, "is not a regular file; save the dump in one");
    }
    MetadataRestore restore = read();
    NewMetadata.write(
        metadata,
        MetadataSize.forRegions(restore.geometry().regionCount()),
        target -> {
          if (overwrite) {
            restore.overwrite(target);
          } else {
            restore.writeTo(target);
          }
        });
    spec.commandLine()
        .getOut()
        .println(
            "restored: "
                + metadata
                + " has "
                + restore.hydrated()
                + " of "
                + restore.geometry().regionCount()
                + " regions hydrated");
    return CloneTool.DONE;
  }

  private MetadataRestore read() throws IOException {
    return MetadataRestore.of(() -> Files.newBufferedReader(dump, StandardCharsets.UTF_8));
  }
}
