package io.clonedevice.examples;

import io.clonedevice.examples.nbd.NbdHandshake;
import io.clonedevice.examples.nbd.server.NbdServerOptions;
import io.clonedevice.examples.nbd.tls.TlsContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code serve}: exports a clone over NBD while it is hydrated. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = {
      "Makes or resumes a clone and exports it over NBD, hydrated in the background or not.",
      "",
      "Destination and metadata are created when they do not exist. SIGTERM and Ctrl-C end it: what"
          + " was received is served, everything is made durable, exit status 0, or 1 if that"
          + " failed. SIGUSR1 prints the status.",
      ""
    })
final class ServeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private CloneOptions options;

  @ArgGroup(exclusive = false, multiplicity = "1")
  private Where where;

  /** At least one of them. */
  private static final class Where {
    @Option(
        names = "--socket",
        paramLabel = "PATH",
        description = "Listen on a unix domain socket.")
    private Path socket;

    @Option(
        names = "--port",
        paramLabel = "N",
        description = "Listen on a TCP port; 0 for any free one. NBD's own is 10809.")
    private Integer port;
  }

  @Option(
      names = "--bind",
      paramLabel = "ADDRESS",
      description = "Address for --port. Default: this machine only.")
  private String bind;

  @Option(
      names = "--export",
      paramLabel = "NAME",
      defaultValue = "",
      description = "Name of the export. Default: the empty one.")
  private String export;

  @Option(names = "--read-only", description = "Refuse changes by clients.")
  private boolean readOnly;

  @Option(
      names = "--control",
      paramLabel = "PATH",
      description = "Listen on a unix domain socket for status and message.")
  private Path control;

  @Option(
      names = "--tls-certificates",
      paramLabel = "DIR",
      description =
          "Offer TLS; DIR holds server-cert.pem and server-key.pem, and ca-cert.pem for"
              + " --tls-verify-peer.")
  private Path tlsCertificates;

  @Option(names = "--tls-required", description = "Serve nobody without TLS.")
  private boolean tlsRequired;

  @Option(
      names = "--tls-verify-peer",
      description = "Serve only clients with a certificate of the authority in ca-cert.pem.")
  private boolean tlsVerifyPeer;

  @Override
  public Integer call() throws Exception {
    options.check();
    CommandLine command = spec.commandLine();
    CloneServing serving =
        new CloneServing(
            options, addresses(), serverOptions(), control, command.getOut(), command.getErr());
    return StopSignal.during(command, serving::execute);
  }

  private List<SocketAddress> addresses() {
    List<SocketAddress> addresses = new ArrayList<>();
    if (where.socket != null) {
      if (where.socket.equals(control)) {
        throw misuse("--socket and --control are the same, " + control + "; give two paths");
      }
      addresses.add(UnixDomainSocketAddress.of(where.socket));
    }
    if (where.port != null) {
      if (where.port < 0 || where.port > 0xFFFF) {
        throw misuse(
            "Invalid value for option '--port': "
                + where.port
                + " is no port from 0 to 65535; "
                + NbdHandshake.PORT
                + " is NBD's own");
      }
      addresses.add(new InetSocketAddress(bind == null ? "localhost" : bind, where.port));
    } else if (bind != null) {
      throw misuse("--bind needs --port");
    }
    return addresses;
  }

  private NbdServerOptions serverOptions() throws IOException {
    NbdServerOptions server = NbdServerOptions.defaults().exportName(export).readOnly(readOnly);
    if (tlsCertificates == null) {
      if (tlsRequired || tlsVerifyPeer) {
        throw misuse("--tls-required and --tls-verify-peer need --tls-certificates");
      }
      return server;
    }
    TlsContext tls = TlsContext.server(tlsCertificates, tlsVerifyPeer);
    // Who asks for certificates does not want to be asked without.
    return server.tls(tls::accept, tlsRequired || tlsVerifyPeer);
  }

  private ParameterException misuse(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
