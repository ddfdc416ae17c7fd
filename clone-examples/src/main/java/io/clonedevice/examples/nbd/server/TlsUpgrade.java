package io.clonedevice.examples.nbd.server;

import java.io.IOException;
import java.nio.channels.ByteChannel;

/** Turns a plain connection into a TLS one, as its server side. */
@FunctionalInterface
public interface TlsUpgrade {
  /**
   * Runs the TLS handshake.
   *
   * @param plain a blocking connection on which the client is about to begin
   * @return a blocking channel over it; one thread may read while another writes; closing it closes
   *     the connection
   * @throws IOException if the client failed or is not welcome
   */
  ByteChannel upgrade(ByteChannel plain) throws IOException;
}
