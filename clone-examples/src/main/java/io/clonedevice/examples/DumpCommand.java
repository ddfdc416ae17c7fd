package io.clonedevice.examples;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.tool.MetadataDump;
import io.clonedevice.metadata.tool.MetadataSummary;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code dump}: which regions are hydrated. */
@Command(
    name = "dump",
    mixinStandardHelpOptions = true,
    description = "Lists which regions are hydrated, as of the last commit; restore takes --json.")
final class DumpCommand extends MetadataCommand {
  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    try (CloneMetadata metadata = MetadataFile.load(metadata())) {
      if (json) {
        MetadataDump.of(metadata).writeJson(out());
        out().println();
      } else {
        print(metadata);
      }
    }
    if (out().checkError()) {
      throw new IOException("the dump could not be written");
    }
    return CloneTool.DONE;
  }

  private void print(CloneMetadata metadata) throws IOException {
    MetadataSummary summary = MetadataSummary.of(metadata);
    out()
        .println(
            "region size "
                + summary.regionSectors()
                + " sectors, device "
                + summary.deviceSectors()
                + " sectors, "
                + summary.regions()
                + " regions, "
                + summary.hydrated()
                + " hydrated, "
                + summary.usedBlocks()
                + " of "
                + summary.totalBlocks()
                + " metadata blocks used");
    out().println("first region, count of the hydrated ranges:");
    MetadataDump.of(metadata)
        .forEachRange(range -> out().println(range.first() + " " + range.count()));
  }
}
