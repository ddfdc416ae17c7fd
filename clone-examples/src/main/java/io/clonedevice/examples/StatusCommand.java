package io.clonedevice.examples;

import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.tool.MetadataSummary;
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
    MetadataSummary summary = MetadataFile.summary(metadata());
    if (json) {
      printJson(summary);
    } else {
      printTable(summary);
    }
    return CloneTool.DONE;
  }

  private void printJson(MetadataSummary summary) {
    out()
        .println(
            "{\"region_size_sectors\":"
                + summary.regionSectors()
                + ",\"device_sectors\":"
                + summary.deviceSectors()
                + ",\"regions\":"
                + summary.regions()
                + ",\"hydrated\":"
                + summary.hydrated()
                + ",\"complete\":"
                + isComplete(summary)
                + ",\"used_blocks\":"
                + summary.usedBlocks()
                + ",\"total_blocks\":"
                + summary.totalBlocks()
                + "}");
  }

  private void printTable(MetadataSummary summary) {
    long deviceSize = summary.deviceSectors() * RegionGeometry.SECTOR_SIZE;
    long regionSize = summary.regionSectors() * RegionGeometry.SECTOR_SIZE;
    PrintWriter out = out();
    out.println("metadata      " + metadata());
    out.println("device        " + ByteSize.format(deviceSize) + " (" + deviceSize + " bytes)");
    out.println("regions       " + summary.regions() + " of " + ByteSize.format(regionSize));
    out.println(
        "hydrated      "
            + summary.hydrated()
            + " regions, "
            + ByteSize.percent(summary.hydrated(), summary.regions())
            + (isComplete(summary) ? "; complete, the source is no longer needed" : ""));
    out.println(
        "metadata used " + summary.usedBlocks() + " of " + summary.totalBlocks() + " blocks");
  }

  private static boolean isComplete(MetadataSummary summary) {
    return summary.hydrated() == summary.regions();
  }
}
