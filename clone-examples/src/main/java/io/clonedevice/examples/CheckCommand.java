package io.clonedevice.examples;

import io.clonedevice.metadata.persistent.MetadataFault;
import io.clonedevice.metadata.tool.MetadataCheck;
import io.clonedevice.metadata.tool.MetadataSummary;
import java.io.PrintWriter;
import picocli.CommandLine.Command;

/** {@code check}: whether a metadata device is sound. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description = "Checks every structure of a metadata device; prints each fault, exits 1 if any.")
final class CheckCommand extends MetadataCommand {
  @Override
  public Integer call() throws Exception {
    MetadataCheck check = MetadataFile.check(metadata());
    if (!check.isSound()) {
      printFaults(check, out());
      return CloneTool.TROUBLE;
    }
    MetadataSummary summary = check.summary();
    out()
        .println(
            "OK: "
                + summary.hydrated()
                + " of "
                + summary.regions()
                + " regions hydrated, "
                + summary.usedBlocks()
                + " of "
                + summary.totalBlocks()
                + " blocks used");
    return CloneTool.DONE;
  }

  static void printFaults(MetadataCheck check, PrintWriter out) {
    for (MetadataFault fault : check.faults()) {
      out.println(fault.message());
    }
    long unlisted = check.faultCount() - check.faults().size();
    if (unlisted > 0) {
      out.println("and " + unlisted + " more faults");
    }
  }
}
