package io.clonedevice.examples;

import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.tool.MetadataSummary;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code status}: how far a clone is, from its last commit or from who serves it. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Tells how far a clone is: as of its last commit, or now if it is being served.")
final class StatusCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  private Where where;

  /** One of them. */
  private static final class Where {
    @Option(
        names = "--metadata",
        required = true,
        paramLabel = "M",
        description = "Metadata file or block device; opened read-only.")
    private Path metadata;

    @Option(
        names = "--socket",
        required = true,
        paramLabel = "CONTROL",
        description = "The control socket of a clone that serve exports.")
    private Path socket;
  }

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    if (where.socket != null) {
      printLive(ControlMessage.ask(where.socket, "status"));
      return CloneTool.DONE;
    }
    MetadataSummary summary = MetadataFile.summary(where.metadata);
    if (json) {
      printJson(summary);
    } else {
      printTable(summary);
    }
    return CloneTool.DONE;
  }

  /** Each line of the answer is a name and a value. */
  private void printLive(String answer) {
    if (!json) {
      out().print(answer);
      out().flush();
      return;
    }
    out()
        .println(
            answer
                .lines()
                .map(line -> line.split(" ", 2))
                .map(pair -> '"' + pair[0] + "\":" + jsonValue(pair[1]))
                .collect(Collectors.joining(",", "{", "}")));
  }

  private static String jsonValue(String value) {
    boolean literal = value.matches("\\d+|true|false");
    return literal ? value : '"' + value + '"';
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
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
    out.println("metadata      " + where.metadata);
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
