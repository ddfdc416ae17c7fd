package io.clonedevice.examples.nbd.client;

import java.io.IOException;

/** A server said something that the protocol does not allow; its connection cannot be used on. */
public final class NbdProtocolException extends IOException {
  private static final long serialVersionUID = 1L;

  NbdProtocolException(String message) {
    super("the server breaks the protocol: " + message);
  }
}
