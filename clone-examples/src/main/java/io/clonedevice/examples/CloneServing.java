package io.clonedevice.examples;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneListener;
import io.clonedevice.CloneStatus;
import io.clonedevice.dm.StatusLine;
import io.clonedevice.examples.nbd.server.Listener;
import io.clonedevice.examples.nbd.server.NbdServer;
import io.clonedevice.examples.nbd.server.NbdServerOptions;
import io.clonedevice.metadata.MetadataMode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Opens a clone, exports it until the process is told to stop, and closes it. */
final class CloneServing {
  private final CloneOptions options;
  private final List<SocketAddress> addresses;
  private final NbdServerOptions serverOptions;
  private final Path control;
  private final PrintWriter out;
  private final PrintWriter err;

  // Written by the thread that serves, read by the thread of SIGUSR1. Edge: volatile.
  private volatile Supplier<String> state = () -> "opening";

  // Used by the thread that serves.
  private final List<Listener> listeners = new ArrayList<>();
  private Listener controlListener;

  CloneServing(
      CloneOptions options,
      List<SocketAddress> addresses,
      NbdServerOptions serverOptions,
      Path control,
      PrintWriter out,
      PrintWriter err) {
    this.options = options;
    this.addresses = addresses;
    this.serverOptions = serverOptions;
    this.control = control;
    this.out = out;
    this.err = err;
  }

  /** Serves until the process is asked to stop; returns the exit status. */
  int execute(StopSignal stop) throws IOException {
    // Before anything that may take long: until it is hooked, the signal ends the process.
    UserSignal.onUsr1(() -> tell(state.get()));
    try {
      // Before anything is made or copied: where nobody can connect, nothing shall happen.
      listen();
      CloneStatus last = serve(stop);
      say("stopped: " + last.hydratedRegions() + " of " + last.regionCount() + " regions hydrated");
      return CloneTool.DONE;
    } finally {
      for (Listener listener : listeners) {
        listener.close();
      }
      if (controlListener != null) {
        controlListener.close();
      }
    }
  }

  private void listen() throws IOException {
    if (control != null) {
      controlListener = ControlSocket.listen(control);
    }
    for (SocketAddress address : addresses) {
      listeners.add(Listener.on(address));
    }
  }

  /** Serves until the process is told to stop; returns the last status. */
  private CloneStatus serve(StopSignal stop) throws IOException {
    try (CloneDevice device = new CloneOpening(options, options.files(), err).open(new Teller())) {
      try (NbdServer server = new NbdServer(device, serverOptions)) {
        serve(device, server, stop);
      }
      // What clients wrote needs no source any more; closing waits for copies, which may hang
      // there.
      device.disableHydration();
      device.blocking().flush();
      return device.statusNoFlush();
    }
  }

  private void serve(CloneDevice device, NbdServer server, StopSignal stop) throws IOException {
    ControlSocket controlling =
        controlListener == null
            ? null
            : new ControlSocket(controlListener, new CloneControl(device, server));
    try {
      state = () -> statusText(device, server);
      for (Listener listener : listeners) {
        server.listen(listener);
        say("listening on " + listener.address());
      }
      stop.requested().join();
    } finally {
      state = () -> "closing";
      if (controlling != null) {
        controlling.close();
      }
    }
  }

  private static String statusText(CloneDevice device, NbdServer server) {
    return StatusLine.of(0, device.statusNoFlush()) + "; " + server.status();
  }

  private void say(String line) {
    if (!options.quiet()) {
      out.println(line);
      out.flush();
    }
  }

  private void tell(String line) {
    err.println(line);
    err.flush();
  }

  /** Says what happens to the device; called by its threads. */
  private final class Teller implements CloneListener {
    @Override
    public void hydrationCompleted() {
      say("hydration complete: the source is no longer needed");
    }

    @Override
    public void modeChanged(MetadataMode mode, Throwable cause) {
      tell(
          "metadata is now "
              + mode.description()
              + (cause == null ? "" : ": " + Errors.describe(cause)));
    }

    @Override
    public void hydrationStopped(Throwable cause) {
      tell(
          "hydration stopped, copying failed again and again: "
              + Errors.describe(cause)
              + "; message enable_hydration starts it again");
    }
  }
}
