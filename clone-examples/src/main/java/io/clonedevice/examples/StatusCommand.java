package io.clonedevice.examples;

import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.tool.MetadataDump;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code status}: how far a clone is, from its last commit. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Tells how far a clone is, as of its last commit.")
final class StatusCommand extends MetadataCommand {
  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    MetadataDump dump = MetadataFile.dump(metadata());
    if (json) {
      printJson(dump);
    } else {
      printTable(dump);
    }
    return CloneTool.DONE;
  }

  private void printJson(MetadataDump dump) {
    out()
        .println(
            "{\"region_size_sectors\":"
                + dump.regionSectors()
                + ",\"device_sectors\":"
                + dump.deviceSectors()
                + ",\"regions\":"
                + dump.regions()
                + ",\"hydrated\":"
                + dump.hydrated()
                + ",\"complete\":"
                + isComplete(dump)
                + ",\"used_blocks\":"
                + dump.usedBlocks()
                + ",\"total_blocks\":"
                + dump.totalBlocks()
                + "}");
  }

  private void printTable(MetadataDump dump) {
    long deviceSize = dump.deviceSectors() * RegionGeometry.SECTOR_SIZE;
    long regionSize = dump.regionSectors() * RegionGeometry.SECTOR_SIZE;
    PrintWriter out = out();
    out.println("metadata      " + metadata());
    out.println("device        " + ByteSize.format(deviceSize) + " (" + deviceSize + " bytes)");
    out.println("regions       " + dump.regions() + " of " + ByteSize.format(regionSize));
    out.println(
        "hydrated      "
            + dump.hydrated()
            + " regions, "
            + ByteSize.percent(dump.hydrated(), dump.regions())
            + (isComplete(dump) ? "; complete, the source is no longer needed" : ""));
    out.println("metadata used " + dump.usedBlocks() + " of " + dump.totalBlocks() + " blocks");
  }

  private static boolean isComplete(MetadataDump dump) {
    return dump.hydrated() == dump.regions();
  }
}
