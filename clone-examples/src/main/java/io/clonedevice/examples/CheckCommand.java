package io.clonedevice.examples;

import io.clonedevice.metadata.persistent.MetadataFault;
import io.clonedevice.metadata.tool.MetadataCheck;
import io.clonedevice.metadata.tool.MetadataDump;
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
      for (MetadataFault fault : check.faults()) {
        out().println(fault.message());
      }
      long unlisted = check.faultCount() - check.faults().size();
      if (unlisted > 0) {
        out().println("and " + unlisted + " more faults");
      }
      return CloneTool.TROUBLE;
    }
    MetadataDump dump = MetadataFile.dump(metadata());
    out()
        .println(
            "OK: "
                + dump.hydrated()
                + " of "
                + dump.regions()
                + " regions hydrated, "
                + dump.usedBlocks()
                + " of "
                + dump.totalBlocks()
                + " blocks used");
    return CloneTool.DONE;
  }
}
