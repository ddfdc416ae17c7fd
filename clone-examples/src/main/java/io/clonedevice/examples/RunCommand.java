package io.clonedevice.examples;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code run}: makes or resumes a clone and hydrates it to the end. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Copies the source to the destination; what is done is recorded on the metadata device.",
      "",
      "Destination and metadata are created when they do not exist; otherwise the clone goes on"
          + " where it was stopped. Ctrl-C or SIGTERM stop it cleanly at any time.",
      ""
    })
final class RunCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private CloneOptions options;

  @Override
  public Integer call() throws Exception {
    options.check();
    CommandLine command = spec.commandLine();
    CloneRun run = new CloneRun(options, command.getOut(), command.getErr());
    return StopSignal.during(command, run::execute);
  }
}
