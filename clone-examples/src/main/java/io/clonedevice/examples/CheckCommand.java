package io.clonedevice.examples;

import java.util.List;
import picocli.CommandLine.Command;

/** {@code check}: whether a metadata device is sound. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description = "Checks every structure of a metadata device; prints each fault, exits 1 if any.")
final class CheckCommand extends MetadataCommand {
  @Override
  public Integer call() throws Exception {
    List<String> faults = MetadataFile.check(metadata());
    if (!faults.isEmpty()) {
      faults.forEach(out()::println);
      return CloneTool.TROUBLE;
    }
    MetadataFile file = MetadataFile.read(metadata());
    out()
        .println(
            "OK: "
                + file.hydrated()
                + " of "
                + file.geometry().regionCount()
                + " regions hydrated, "
                + file.usedBlocks()
                + " of "
                + file.totalBlocks()
                + " blocks used");
    return CloneTool.DONE;
  }
}
