package io.clonedevice.examples.nbd.client;

import io.clonedevice.examples.nbd.NbdHandshake;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Where an export is, in the form that all NBD clients share.
 *
 * <pre>
 * nbd://HOST[:PORT]/EXPORT              TCP; without PORT it is 10809
 * nbds://HOST[:PORT]/EXPORT             TCP, then TLS
 * nbd+unix:///EXPORT?socket=PATH        unix domain socket
 * nbds+unix:///EXPORT?socket=PATH       unix domain socket, then TLS
 * </pre>
 *
 * <p>Parameters of TLS: {@code tls-certificates=DIRECTORY}, {@code tls-verify-peer=0} or {@code 1}
 * (the default), {@code tls-hostname=NAME} (whose certificate is expected, if that is not HOST),
 * {@code tls-type=x509} (the only one). What stands for itself in a URI is percent-encoded. The
 * schemes without an s never use TLS.
 *
 * @see "doc/uri.md of the NBD project"
 */
public final class NbdUri {
  private static final Pattern SCHEME = Pattern.compile("(?i)nbds?(\\+[a-z]+)?:.*");

  private final String text;
  private final boolean tls;
  private final String host;
  private final int port;
  private final Path socket;
  private final String exportName;
  private final Map<String, String> parameters;

  private NbdUri(URI uri) {
    text = uri.toString();
    String scheme = uri.getScheme().toLowerCase(java.util.Locale.ROOT);
    boolean unix = scheme.endsWith("+unix");
    tls = scheme.startsWith("nbds");
    if (scheme.indexOf('+') >= 0 && !unix) {
      throw refused("scheme " + scheme + " is not supported; use nbd, nbds, nbd+unix or nbds+unix");
    }
    if (uri.isOpaque() || uri.getRawFragment() != null) {
      throw refused(
          unix ? "write nbd+unix:///EXPORT?socket=PATH" : "write nbd://HOST[:PORT]/EXPORT");
    }
    parameters = parameters(uri.getRawQuery());
    String path = uri.getRawPath();
    exportName = path.isEmpty() ? "" : decode(path.substring(1));
    if (exportName.getBytes(StandardCharsets.UTF_8).length > NbdHandshake.STRING_SIZE_MAX) {
      throw refused("the export's name is longer than " + NbdHandshake.STRING_SIZE_MAX + " bytes");
    }
    String socketPath = parameters.remove("socket");
    if (unix) {
      if (socketPath == null || socketPath.isEmpty()) {
        throw refused("no socket; add ?socket=PATH");
      }
      if (uri.getRawAuthority() != null) {
        throw refused("a unix domain socket has no host; write three slashes");
      }
      if (socketPath.charAt(0) == 0) {
        throw refused("sockets of the abstract namespace are not supported");
      }
      socket = Path.of(socketPath);
      host = null;
      port = -1;
    } else {
      if (socketPath != null) {
        throw refused("parameter socket belongs to the schemes nbd+unix and nbds+unix");
      }
      if (uri.getHost() == null || uri.getHost().isEmpty()) {
        throw refused("no host; write nbd://HOST[:PORT]/EXPORT");
      }
      if (uri.getRawUserInfo() != null) {
        throw refused("a user name is not supported: TLS works with certificates only");
      }
      socket = null;
      String name = uri.getHost();
      host = name.startsWith("[") ? name.substring(1, name.length() - 1) : name;
      port = uri.getPort() < 0 ? NbdHandshake.PORT : uri.getPort();
      if (port == 0 || port > 0xFFFF) {
        throw refused("port " + port + " is not from 1 to 65535");
      }
    }
    checkTlsParameters();
  }

  /**
   * Returns whether a text is meant to be an NBD URI, right or wrong.
   *
   * @param text any text
   * @return whether it begins with a scheme of NBD
   */
  public static boolean isNbdUri(String text) {
    return SCHEME.matcher(text).matches();
  }

  /**
   * Reads a URI.
   *
   * @param text such as {@code nbd://example.com/disk}
   * @return where it leads
   * @throws IllegalArgumentException if it is none, or asks for what this client cannot do
   */
  public static NbdUri parse(String text) {
    URI uri;
    try {
      uri = new URI(text);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("'" + text + "' is no URI: " + e.getMessage(), e);
    }
    if (!isNbdUri(text)) {
      throw new IllegalArgumentException(
          "'" + text + "' is no NBD URI; write nbd://HOST[:PORT]/EXPORT");
    }
    return new NbdUri(uri);
  }

  /**
   * Returns whether the connection must go on in TLS.
   *
   * @return whether the scheme is {@code nbds} or {@code nbds+unix}
   */
  public boolean tls() {
    return tls;
  }

  /**
   * Returns the server's host.
   *
   * @return name or address without brackets; {@code null} for a unix domain socket
   */
  public String host() {
    return host;
  }

  /**
   * Returns the server's port.
   *
   * @return 1 to 65535; -1 for a unix domain socket
   */
  public int port() {
    return port;
  }

  /**
   * Returns the server's unix domain socket.
   *
   * @return its path; {@code null} for TCP
   */
  public Path socket() {
    return socket;
  }

  /**
   * Returns the export's name.
   *
   * @return may be empty: the server's default
   */
  public String exportName() {
    return exportName;
  }

  /**
   * Returns where certificates are.
   *
   * @return a directory; {@code null} if none was given
   */
  public Path tlsCertificates() {
    String directory = parameters.get("tls-certificates");
    return directory == null ? null : Path.of(directory);
  }

  /**
   * Returns whether the server's certificate is verified.
   *
   * @return {@code true} unless {@code tls-verify-peer=0}
   */
  public boolean tlsVerifyPeer() {
    return !"0".equals(parameters.get("tls-verify-peer"));
  }

  /**
   * Returns whose certificate the server must show.
   *
   * @return {@code tls-hostname}, else the host, else {@code localhost}
   */
  public String tlsHostName() {
    return parameters.getOrDefault("tls-hostname", host == null ? "localhost" : host);
  }

  @Override
  public String toString() {
    return text;
  }

  private void checkTlsParameters() {
    for (Map.Entry<String, String> parameter : parameters.entrySet()) {
      String name = parameter.getKey();
      String value = parameter.getValue();
      boolean known =
          switch (name) {
            case "tls-certificates", "tls-hostname" -> !value.isEmpty();
            case "tls-verify-peer" -> value.equals("0") || value.equals("1");
            case "tls-type" -> value.equals("x509");
            default ->
                throw refused(
                    "unknown parameter "
                        + name
                        + "; known are socket, tls-certificates, tls-hostname, tls-type and"
                        + " tls-verify-peer");
          };
      if (!known) {
        throw refused("parameter " + name + " cannot be '" + value + "'");
      }
      if (!tls) {
        throw refused("parameter " + name + " belongs to the schemes nbds and nbds+unix");
      }
    }
  }

  private Map<String, String> parameters(String query) {
    Map<String, String> found = new LinkedHashMap<>();
    if (query == null || query.isEmpty()) {
      return found;
    }
    for (String parameter : query.split("&")) {
      int equals = parameter.indexOf('=');
      if (equals < 1) {
        throw refused("parameter '" + parameter + "' has no value; write NAME=VALUE");
      }
      String name = decode(parameter.substring(0, equals));
      if (found.put(name, decode(parameter.substring(equals + 1))) != null) {
        throw refused("parameter " + name + " is given twice");
      }
    }
    return found;
  }

  private String decode(String raw) {
    byte[] bytes = raw.getBytes(StandardCharsets.UTF_8);
    ByteBuffer decoded = ByteBuffer.allocate(bytes.length);
    for (int at = 0; at < bytes.length; at++) {
      if (bytes[at] == '%') {
        // java.net.URI has made sure that two hexadecimal digits follow.
        decoded.put(
            (byte) (Character.digit(bytes[at + 1], 16) << 4 | Character.digit(bytes[at + 2], 16)));
        at += 2;
      } else {
        decoded.put(bytes[at]);
      }
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(decoded.flip()).toString();
    } catch (CharacterCodingException e) {
      throw refused("'" + raw + "' is not UTF-8 when its percent signs are decoded");
    }
  }

  private IllegalArgumentException refused(String why) {
    return new IllegalArgumentException("'" + text + "': " + why);
  }
}
