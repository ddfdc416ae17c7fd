package io.clonedevice.examples;

import io.clonedevice.CloneDevice;
import io.clonedevice.dm.Message;
import io.clonedevice.examples.nbd.server.NbdServer;
import java.io.IOException;

/**
 * What can be asked on the control socket of a clone that is served: {@code status}, dm-clone's
 * messages, and {@code reopen_read_write}, for which the kernel has no message.
 */
final class CloneControl implements ControlSocket.Handler {
  static final String REOPEN_READ_WRITE = "reopen_read_write";

  private final CloneDevice device;
  private final NbdServer server;

  CloneControl(CloneDevice device, NbdServer server) {
    this.device = device;
    this.server = server;
  }

  @Override
  public String answer(String question) throws IOException {
    if (question.equals("status")) {
      return status();
    }
    if (question.equalsIgnoreCase(REOPEN_READ_WRITE)) {
      device.reopenReadWrite();
      return "";
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
