package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.NbdError;
import java.io.IOException;

/** A server's reply that a request failed. */
public final class NbdErrorException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What the server said. */
  private final NbdError error;

  NbdErrorException(NbdError error, String text) {
    super("the server reports " + error + (text.isEmpty() ? "" : ": " + text));
    this.error = error;
  }

  /**
   * Returns what the server said.
   *
   * @return the error of the protocol
   */
  public NbdError error() {
    return error;
  }
}
