package io.clonedevice.examples;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code message}: changes a clone that is being served. */
@Command(
    name = "message",
    mixinStandardHelpOptions = true,
    description = {
      "Sends a message to a clone that serve exports; the messages are dm-clone's,",
      "  enable_hydration (also after it stopped because copying failed), disable_hydration,",
      "  hydration_threshold N, hydration_batch_size N,",
      "and one more:",
      "  reopen_read_write: leave mode ro once the metadata can be written again",
      ""
    })
final class MessageCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--socket",
      required = true,
      paramLabel = "CONTROL",
      description = "The control socket: what serve was given as --control.")
  private Path socket;

  @Parameters(arity = "1..*", paramLabel = "WORD", description = "The message.")
  private List<String> words;

  @Override
  public Integer call() throws Exception {
    spec.commandLine().getOut().print(ControlMessage.ask(socket, String.join(" ", words)));
    spec.commandLine().getOut().flush();
    return CloneTool.DONE;
  }
}
