/**
 * TLS over any blocking byte channel, a TCP connection or a unix domain socket, with the JDK's own
 * engine: {@link io.clonedevice.examples.nbd.tls.TlsContext} holds keys and certificates and begins
 * a session, {@link io.clonedevice.examples.nbd.tls.TlsChannel} is one.
 *
 * <p>One thread may read from a channel while another one writes.
 */
package io.clonedevice.examples.nbd.tls;
