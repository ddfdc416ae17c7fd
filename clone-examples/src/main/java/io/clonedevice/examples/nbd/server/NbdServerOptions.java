package io.clonedevice.examples.nbd.server;

import io.clonedevice.examples.nbd.NbdHandshake;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;

/**
 * How a server behaves. Immutable; each method returns a changed copy.
 *
 * <table>
 *   <caption>Defaults</caption>
 *   <tr><th>setting</th><th>unit</th><th>range</th><th>default</th></tr>
 *   <tr><td>exportName</td><td>bytes of UTF-8</td><td>0 to 4096</td><td>empty</td></tr>
 *   <tr><td>description</td><td>bytes of UTF-8</td><td>0 to 4096</td><td>empty</td></tr>
 *   <tr><td>readOnly</td><td></td><td></td><td>off</td></tr>
 *   <tr><td>tls</td><td></td><td></td><td>off</td></tr>
 *   <tr><td>connectionsMax</td><td>connections</td><td>1 to 2^31 - 1</td><td>4096</td></tr>
 *   <tr><td>memoryMax</td><td>bytes</td><td>0 to 2^63 - 1</td><td>256 MiB</td></tr>
 *   <tr><td>handshakeTimeout</td><td></td><td>positive</td><td>10 s</td></tr>
 * </table>
 */
public final class NbdServerOptions {
  private static final int STRING_SIZE_MAX = NbdHandshake.STRING_SIZE_MAX;

  // Written only before the object is handed out.
  private String exportName = "";
  private String description = "";
  private boolean readOnly;
  private TlsUpgrade tls;
  private boolean tlsRequired;
  private int connectionsMax = 4096;
  private long memoryMax = 256L << 20;
  private Duration handshakeTimeout = Duration.ofSeconds(10);

  private NbdServerOptions() {}

  private NbdServerOptions(NbdServerOptions other) {
    this.exportName = other.exportName;
    this.description = other.description;
    this.readOnly = other.readOnly;
    this.tls = other.tls;
    this.tlsRequired = other.tlsRequired;
    this.connectionsMax = other.connectionsMax;
    this.memoryMax = other.memoryMax;
    this.handshakeTimeout = other.handshakeTimeout;
  }

  /**
   * Returns the defaults.
   *
   * @return a writable export with the empty name
   */
  public static NbdServerOptions defaults() {
    return new NbdServerOptions();
  }

  /**
   * Sets the name by which clients ask for the export.
   *
   * @param name empty for the default export
   * @return changed copy
   * @throws IllegalArgumentException if it is too long or holds NUL
   */
  public NbdServerOptions exportName(String name) {
    NbdServerOptions changed = new NbdServerOptions(this);
    changed.exportName = checkString("export name", name);
    return changed;
  }

  /**
   * Sets what people are told about the export.
   *
   * @param text empty for nothing
   * @return changed copy
   * @throws IllegalArgumentException if it is too long or holds NUL
   */
  public NbdServerOptions description(String text) {
    NbdServerOptions changed = new NbdServerOptions(this);
    changed.description = checkString("description", text);
    return changed;
  }

  /**
   * Sets whether changes are refused.
   *
   * @param refuse whether
   * @return changed copy
   */
  public NbdServerOptions readOnly(boolean refuse) {
    NbdServerOptions changed = new NbdServerOptions(this);
    changed.readOnly = refuse;
    return changed;
  }

  /**
   * Lets clients go on in TLS, or makes them.
   *
   * @param upgrade turns a plain connection into a TLS one
   * @param required whether nothing else is served
   * @return changed copy
   */
  public NbdServerOptions tls(TlsUpgrade upgrade, boolean required) {
    NbdServerOptions changed = new NbdServerOptions(this);
    changed.tls = Objects.requireNonNull(upgrade, "upgrade");
    changed.tlsRequired = required;
    return changed;
  }

  /**
   * Sets how many clients may be connected; further ones are turned away.
   *
   * @param connections positive
   * @return changed copy
   * @throws IllegalArgumentException if out of range
   */
  public NbdServerOptions connectionsMax(int connections) {
    if (connections < 1) {
      throw new IllegalArgumentException(connections + " connections at most; allow at least 1");
    }
    NbdServerOptions changed = new NbdServerOptions(this);
    changed.connectionsMax = connections;
    return changed;
  }

  /**
   * Sets how much memory outside the heap all connections together may have beyond the 32 KiB of
   * each. Where it is used up, requests are served in smaller pieces and one after the other.
   *
   * @param bytes not negative; no more than half of {@link Runtime#maxMemory} is used, which memory
   *     outside the heap is limited to by default
   * @return changed copy
   * @throws IllegalArgumentException if negative
   */
  public NbdServerOptions memoryMax(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException(bytes + " bytes of memory; give 0 or more");
    }
    NbdServerOptions changed = new NbdServerOptions(this);
    changed.memoryMax = bytes;
    return changed;
  }

  /**
   * Sets how long a client may take to choose the export; afterwards it may idle for ever.
   *
   * @param timeout positive
   * @return changed copy
   * @throws IllegalArgumentException if not positive
   */
  public NbdServerOptions handshakeTimeout(Duration timeout) {
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("handshake timeout " + timeout + "; give a positive one");
    }
    NbdServerOptions changed = new NbdServerOptions(this);
    changed.handshakeTimeout = timeout;
    return changed;
  }

  String exportName() {
    return exportName;
  }

  String description() {
    return description;
  }

  boolean isReadOnly() {
    return readOnly;
  }

  /** Returns {@code null} if there is no TLS. */
  TlsUpgrade tls() {
    return tls;
  }

  boolean isTlsRequired() {
    return tlsRequired;
  }

  int connectionsMax() {
    return connectionsMax;
  }

  long memoryMax() {
    return memoryMax;
  }

  Duration handshakeTimeout() {
    return handshakeTimeout;
  }

  private static String checkString(String what, String text) {
    int size = text.getBytes(StandardCharsets.UTF_8).length;
    if (size > STRING_SIZE_MAX || text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          what + " of " + size + " bytes; at most " + STRING_SIZE_MAX + " bytes without NUL");
    }
    return text;
  }
}
