package io.clonedevice.examples;

import io.clonedevice.CloneDevice;
import io.clonedevice.dm.Message;
import io.clonedevice.examples.nbd.server.NbdServer;

/** What can be asked on the control socket of a clone that is served. */
final class CloneControl implements ControlSocket.Handler {
  private final CloneDevice device;
  private final NbdServer server;

  CloneControl(CloneDevice device, NbdServer server) {
    this.device = device;
    this.server = server;
  }

  @Override
  public String answer(String question) {
    if (question.equals("status")) {
      return status();
    }
    Message.parse(question).applyTo(device);
    return "";
  }

  private String status() {
    StringBuilder lines = new StringBuilder();
    LiveStatus.of(device.statusNoFlush(), server.status())
        .forEach((name, value) -> lines.append(name).append(' ').append(value).append('\n'));
    return lines.toString();
  }
}
