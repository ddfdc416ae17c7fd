package io.clonedevice.examples;

import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.tool.MetadataRepair;
import io.clonedevice.metadata.tool.RegionRange;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code repair}: makes sound metadata out of damaged. */
@Command(
    name = "repair",
    mixinStandardHelpOptions = true,
    description = {
      "Writes sound metadata with all that can be trusted of a damaged metadata device.",
      "",
      "A region is kept hydrated only if that is certain. Regions that are lost become unhydrated:"
          + " they will be copied from the source again, and what was written to them on the"
          + " destination is gone. Exits 0 if nothing was lost, 1 if something was or nothing could"
          + " be repaired.",
      ""
    })
final class RepairCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--metadata",
      required = true,
      paramLabel = "M",
      description = "Damaged metadata file or block device; only read but with --in-place.")
  private Path metadata;

  @ArgGroup(multiplicity = "1")
  private Target target;

  /** Where the repaired metadata goes. */
  static final class Target {
    @Option(
        names = "--output",
        required = true,
        paramLabel = "F",
        description =
            "Write the repaired metadata to this file, which is made, or device of zeroes.")
    private Path output;

    @Option(
        names = "--in-place",
        required = true,
        description = "Write the repaired metadata over the damaged.")
    private boolean inPlace;
  }

  @ArgGroup(exclusive = false)
  private StartOver startOver;

  /** What nobody but the user knows if the superblock is not usable. */
  static final class StartOver {
    @Option(
        names = "--start-over",
        required = true,
        description =
            "For a superblock that is not usable: give up all regions, begin anew with the sizes.")
    @SuppressWarnings("UnusedVariable") // that it is there says it all
    private boolean asked;

    @Option(
        names = "--region-size",
        required = true,
        paramLabel = "BYTES",
        converter = ByteSize.class,
        description = "Region size of the clone, with --start-over.")
    private long regionSize;

    @Option(
        names = "--device-size",
        required = true,
        paramLabel = "BYTES",
        converter = ByteSize.class,
        description = "Size of the clone, with --start-over.")
    private long deviceSize;
  }

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    if (target.output != null
        && Files.exists(target.output)
        && Files.exists(metadata)
        && Files.isSameFile(metadata, target.output)) {
      throw new ParameterException(
          spec.commandLine(),
          "--metadata and --output are the same file, " + metadata + "; give --in-place for that");
    }
    try (MetadataDevice device = MetadataFile.openAlone(metadata, !target.inPlace)) {
      MetadataRepair repair = MetadataRepair.of(device);
      CheckCommand.printFaults(repair.check(), out);
      if (repair.check().isSound()) {
        refuseStartingOver();
        out.println("OK: there is nothing to repair; nothing was written");
        return CloneTool.DONE;
      }
      if (repair.isPossible()) {
        refuseStartingOver();
      } else {
        repair = startingOver(repair);
      }
      long lostRegions = report(repair, out);
      write(repair, device);
      out.println("repaired: " + (target.inPlace ? metadata : target.output) + " is sound");
      return lostRegions == 0 ? CloneTool.DONE : CloneTool.TROUBLE;
    }
  }

  private void refuseStartingOver() {
    if (startOver != null) {
      throw new ParameterException(
          spec.commandLine(),
          "--start-over would give up regions for nothing: the superblock is usable; repair without"
              + " it");
    }
  }

  private MetadataRepair startingOver(MetadataRepair repair) throws IOException {
    if (startOver == null) {
      throw new IOException(
          metadata
              + " cannot be repaired: without the superblock nothing says which regions are"
              + " hydrated; restore it from a backup or a dump, or give up all regions with"
              + " --start-over --region-size --device-size");
    }
    return repair.startingOver(new RegionGeometry(startOver.deviceSize, startOver.regionSize));
  }

  private void write(MetadataRepair repair, MetadataDevice device) throws IOException {
    if (target.inPlace) {
      repair.writeInPlace();
      return;
    }
    long size =
        Math.max(
            device.blockCount() * MetadataDevice.BLOCK_SIZE,
            MetadataSize.forRegions(repair.geometry().regionCount()));
    NewMetadata.write(target.output, size, repair::writeTo);
  }

  /** Says what is kept and what is lost, before anything is written; returns how much is lost. */
  private static long report(MetadataRepair repair, PrintWriter out) {
    List<RegionRange> lost = repair.lost();
    long lostRegions = lost.stream().mapToLong(RegionRange::count).sum();
    out.println(
        "kept: "
            + repair.hydrated()
            + " of "
            + repair.geometry().regionCount()
            + " regions are hydrated");
    long uncorroborated = repair.uncorroborated().stream().mapToLong(RegionRange::count).sum();
    if (uncorroborated > 0) {
      out.println(
          "note: the state of "
              + uncorroborated
              + " regions rests on checksums alone, as their blocks' counts are damaged; if the"
              + " device has lost writes as well, it may not be the last one");
    }
    if (lostRegions == 0) {
      out.println("lost: nothing");
    } else {
      out.println(
          "lost: the state of "
              + lostRegions
              + " regions, which become unhydrated: what was written to them on the destination"
              + " will be overwritten from the source");
      out.println("first region, count of the lost ranges:");
      for (RegionRange range : lost) {
        out.println(range.first() + " " + range.count());
      }
    }
    out.flush();
    return lostRegions;
  }
}
