package io.clonedevice.examples;

import io.clonedevice.metadata.tool.MetadataDump;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code dump}: which regions are hydrated. */
@Command(
    name = "dump",
    mixinStandardHelpOptions = true,
    description = "Lists which regions are hydrated, as of the last commit.")
final class DumpCommand extends MetadataCommand {
  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    MetadataDump dump = MetadataFile.dump(metadata());
    if (json) {
      out().println(dump.toJson());
      return CloneTool.DONE;
    }
    out()
        .println(
            "region size "
                + dump.regionSectors()
                + " sectors, device "
                + dump.deviceSectors()
                + " sectors, "
                + dump.regions()
                + " regions, "
                + dump.hydrated()
                + " hydrated, "
                + dump.usedBlocks()
                + " of "
                + dump.totalBlocks()
                + " metadata blocks used");
    out().println("first region, count of the hydrated ranges:");
    for (MetadataDump.Range range : dump.ranges()) {
      out().println(range.first() + " " + range.count());
    }
    return CloneTool.DONE;
  }
}
