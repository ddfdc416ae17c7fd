package io.clonedevice.examples;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/**
 * The command line: {@code java -jar clone.jar run|serve|status|message|dump|check|repair|restore}.
 *
 * <p>Exit status: 0 done, 1 trouble, 2 misuse, 130 stopped by Ctrl-C, 143 stopped by SIGTERM
 * ({@code serve}: 0). An error is one line on stderr; {@code --debug} adds the stack trace.
 */
@Command(
    name = "clone",
    mixinStandardHelpOptions = true,
    version = "clone 0.1.0-SNAPSHOT",
    synopsisSubcommandLabel = "COMMAND",
    description = "An instant, writable clone of a disk image that fills itself in the background.",
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 done, 1 trouble, 2 misuse, 130 stopped by Ctrl-C, 143 stopped by SIGTERM (serve: 0);",
      "  check: 1 if there are faults; repair: 1 also if something was lost",
    })
public final class CloneTool {
  // In the order of the help.
  private static final Map<String, Class<?>> SUBCOMMANDS = new LinkedHashMap<>();

  static {
    SUBCOMMANDS.put("run", RunCommand.class);
    SUBCOMMANDS.put("serve", ServeCommand.class);
    SUBCOMMANDS.put("status", StatusCommand.class);
    SUBCOMMANDS.put("message", MessageCommand.class);
    SUBCOMMANDS.put("dump", DumpCommand.class);
    SUBCOMMANDS.put("check", CheckCommand.class);
    SUBCOMMANDS.put("repair", RepairCommand.class);
    SUBCOMMANDS.put("restore", RestoreCommand.class);
    SUBCOMMANDS.put("demo", Demo.class);
  }

  static final int DONE = 0;
  static final int TROUBLE = 1;
  static final int MISUSE = 2;
  static final int INTERRUPTED = 130;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of an error.")
  private boolean debug;

  private CloneTool() {}

  /**
   * Runs the command line and ends the process.
   *
   * @param args the arguments
   */
  public static void main(String[] args) {
    Charset charset = Charset.defaultCharset();
    PrintWriter out = new PrintWriter(System.out, true, charset);
    PrintWriter err = new PrintWriter(System.err, true, charset);
    System.exit(execute(out, err, args));
  }

  /** Runs the command line; returns the exit status. */
  static int execute(PrintWriter out, PrintWriter err, String... args) {
    CloneTool tool = new CloneTool();
    CommandLine commandLine = new CommandLine(tool);
    subcommands(args).forEach(commandLine::addSubcommand);
    commandLine.setOut(out);
    commandLine.setErr(err);
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setParameterExceptionHandler(CloneTool::misuse);
    commandLine.setExecutionExceptionHandler(
        (failure, command, parsed) -> tool.failed(failure, command));
    if (args.length == 0) {
      commandLine.usage(commandLine.getErr());
      return MISUSE;
    }
    return commandLine.execute(args);
  }

  /**
   * Returns the subcommand that the arguments begin with, all if it is none: for each that the
   * parser is told of it looks at all options, which takes longer than the rest of its work.
   */
  private static Map<String, Class<?>> subcommands(String... args) {
    Class<?> first = args.length == 0 ? null : SUBCOMMANDS.get(args[0]);
    return first == null ? SUBCOMMANDS : Map.of(args[0], first);
  }

  private static int misuse(ParameterException misuse, String[] args) {
    CommandLine command = misuse.getCommandLine();
    command
        .getErr()
        .println(
            "clone: "
                + Errors.oneLine(misuse.getMessage())
                + "; see clone "
                + (command.getParent() == null ? "" : command.getCommandName() + " ")
                + "--help");
    return MISUSE;
  }

  private int failed(Exception failure, CommandLine command) {
    PrintWriter err = command.getErr();
    err.println("clone: " + Errors.describe(failure));
    if (debug) {
      failure.printStackTrace(err);
    }
    err.flush();
    return Errors.unwrap(failure) instanceof IllegalArgumentException ? MISUSE : TROUBLE;
  }
}
