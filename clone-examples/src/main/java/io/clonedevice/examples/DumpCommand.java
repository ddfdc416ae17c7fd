package io.clonedevice.examples;

import io.clonedevice.metadata.RegionGeometry;
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
    MetadataFile file = MetadataFile.read(metadata());
    RegionGeometry geometry = file.geometry();
    if (json) {
      out()
          .println(
              new JsonObject()
                  .put("region_size_sectors", geometry.regionSectors())
                  .put("device_sectors", geometry.deviceSectors())
                  .put("regions", geometry.regionCount())
                  .put("hydrated", file.hydrated())
                  .put("ranges", file.ranges())
                  .put("used_blocks", file.usedBlocks())
                  .put("total_blocks", file.totalBlocks()));
    } else {
      out()
          .println(
              "region size "
                  + geometry.regionSectors()
                  + " sectors, device "
                  + geometry.deviceSectors()
                  + " sectors, "
                  + geometry.regionCount()
                  + " regions, "
                  + file.hydrated()
                  + " hydrated, "
                  + file.usedBlocks()
                  + " of "
                  + file.totalBlocks()
                  + " metadata blocks used");
      out().println("first region, count of the hydrated ranges:");
      for (long[] range : file.ranges()) {
        out().println(range[0] + " " + range[1]);
      }
    }
    return CloneTool.DONE;
  }
}
