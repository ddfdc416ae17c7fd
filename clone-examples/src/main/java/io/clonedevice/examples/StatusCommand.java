package io.clonedevice.examples;

import io.clonedevice.metadata.RegionGeometry;
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
    MetadataFile file = MetadataFile.read(metadata());
    RegionGeometry geometry = file.geometry();
    boolean done = file.hydrated() == geometry.regionCount();
    if (json) {
      out()
          .println(
              new JsonObject()
                  .put("region_size_sectors", geometry.regionSectors())
                  .put("device_sectors", geometry.deviceSectors())
                  .put("regions", geometry.regionCount())
                  .put("hydrated", file.hydrated())
                  .put("complete", done)
                  .put("used_blocks", file.usedBlocks())
                  .put("total_blocks", file.totalBlocks()));
    } else {
      out().println("metadata      " + metadata());
      out()
          .println(
              "device        "
                  + ByteSize.format(geometry.deviceSize())
                  + " ("
                  + geometry.deviceSize()
                  + " bytes)");
      out()
          .println(
              "regions       "
                  + geometry.regionCount()
                  + " of "
                  + ByteSize.format(geometry.regionSize()));
      out()
          .println(
              "hydrated      "
                  + file.hydrated()
                  + " regions, "
                  + ByteSize.percent(file.hydrated(), geometry.regionCount())
                  + (done ? "; complete, the source is no longer needed" : ""));
      out().println("metadata used " + file.usedBlocks() + " of " + file.totalBlocks() + " blocks");
    }
    return CloneTool.DONE;
  }
}
