package io.clonedevice.examples.nbd.tls;

import java.io.IOException;
import java.net.Socket;
import java.nio.channels.ByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * The keys and certificates of one side, from a directory with the file names that QEMU, nbdkit and
 * libnbd share, all in PEM form:
 *
 * <pre>
 * ca-cert.pem                        whom the other side's certificate must be signed by
 * server-cert.pem, server-key.pem    the server's certificate (with its chain) and its private key
 * client-cert.pem, client-key.pem    the client's; optional
 * </pre>
 *
 * <p>TLS 1.2 and 1.3 are spoken. Immutable; any thread may use it.
 */
public final class TlsContext {
  private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

  // GnuTLS (3.7, which is what libnbd, nbdkit and QEMU use) shows no RSA certificate to a server
  // that takes no PKCS #1 signatures in TLS 1.3, as Java 25 does not.
  private static final String[] PROTOCOLS_OF_CERTIFIED_CLIENTS = {"TLSv1.2"};
  private static final char[] NO_PASSWORD = {};

  private final SSLContext context;
  private final boolean verifyPeer;
  private final String[] protocols;

  private TlsContext(
      KeyManager[] keys, TrustManager[] trust, boolean verifyPeer, String... protocols)
      throws GeneralSecurityException {
    this.context = SSLContext.getInstance("TLS");
    this.verifyPeer = verifyPeer;
    this.protocols = protocols;
    context.init(keys, trust, null);
  }

  /**
   * Makes a client's context.
   *
   * @param directory with {@code ca-cert.pem}, unless the server is not verified or its certificate
   *     is signed by an authority that the JDK knows, and with {@code client-cert.pem} and {@code
   *     client-key.pem} if the client has any; {@code null} if there is none
   * @param verifyPeer whether the server's certificate and host name are verified; if not, whoever
   *     is on the way can read and change everything
   * @return a context for {@link #connect}
   * @throws IOException if a file is missing, cannot be read or is damaged
   */
  public static TlsContext client(Path directory, boolean verifyPeer) throws IOException {
    return client(directory, verifyPeer, PROTOCOLS);
  }

  static TlsContext client(Path directory, boolean verifyPeer, String... protocols)
      throws IOException {
    return guarded(
        directory,
        () -> {
          Path authorities = directory == null ? null : directory.resolve("ca-cert.pem");
          TrustManager[] trust =
              !verifyPeer
                  ? new TrustManager[] {new Anybody()}
                  : authorities != null && Files.exists(authorities) ? trust(authorities) : null;
          boolean certified =
              directory != null && Files.exists(directory.resolve("client-cert.pem"));
          return new TlsContext(
              certified ? keys(directory, "client") : null, trust, verifyPeer, protocols);
        });
  }

  /**
   * Makes a server's context.
   *
   * @param directory with {@code server-cert.pem} and {@code server-key.pem}, and with {@code
   *     ca-cert.pem} if clients are verified
   * @param verifyPeer whether clients must show a certificate that is signed by one of {@code
   *     ca-cert.pem}; then the protocol is TLS 1.2
   * @return a context for {@link #accept}
   * @throws IOException if a file is missing, cannot be read or is damaged
   */
  public static TlsContext server(Path directory, boolean verifyPeer) throws IOException {
    return server(directory, verifyPeer, verifyPeer ? PROTOCOLS_OF_CERTIFIED_CLIENTS : PROTOCOLS);
  }

  static TlsContext server(Path directory, boolean verifyPeer, String... protocols)
      throws IOException {
    Objects.requireNonNull(directory, "directory");
    return guarded(
        directory,
        () ->
            new TlsContext(
                keys(directory, "server"),
                verifyPeer ? trust(directory.resolve("ca-cert.pem")) : null,
                verifyPeer,
                protocols));
  }

  /**
   * Begins a session as the client and completes the handshake, on this thread.
   *
   * @param below a blocking channel to the server; closed with the session, and on failure
   * @param hostName whose certificate is expected: a DNS name or an IP address; not used if the
   *     server is not verified
   * @return the session
   * @throws javax.net.ssl.SSLException if the two sides cannot agree, or the server is not who it
   *     should be
   * @throws IOException if the channel failed or ended
   */
  public TlsChannel connect(ByteChannel below, String hostName) throws IOException {
    SSLEngine engine =
        hostName == null ? context.createSSLEngine() : context.createSSLEngine(hostName, -1);
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(protocols.clone());
    if (verifyPeer) {
      if (hostName == null) {
        throw new IllegalArgumentException(
            "no host name to verify the server's certificate against; give one");
      }
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
    }
    engine.setSSLParameters(parameters);
    return TlsChannel.open(below, engine);
  }

  /**
   * Begins a session as the server and completes the handshake, on this thread.
   *
   * @param below a blocking channel to the client; closed with the session, and on failure
   * @return the session
   * @throws javax.net.ssl.SSLException if the two sides cannot agree, or the client shows no
   *     certificate and must
   * @throws IOException if the channel failed or ended
   */
  public TlsChannel accept(ByteChannel below) throws IOException {
    SSLEngine engine = context.createSSLEngine();
    engine.setUseClientMode(false);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(protocols.clone());
    parameters.setNeedClientAuth(verifyPeer);
    engine.setSSLParameters(parameters);
    return TlsChannel.open(below, engine);
  }

  private static KeyManager[] keys(Path directory, String role)
      throws IOException, GeneralSecurityException {
    List<X509Certificate> chain = PemFile.certificates(directory.resolve(role + "-cert.pem"));
    PrivateKey key =
        PemFile.privateKey(
            directory.resolve(role + "-key.pem"), chain.get(0).getPublicKey().getAlgorithm());
    KeyStore store = emptyStore();
    store.setKeyEntry(role, key, NO_PASSWORD, chain.toArray(new X509Certificate[0]));
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  private static TrustManager[] trust(Path authorities)
      throws IOException, GeneralSecurityException {
    KeyStore store = emptyStore();
    for (X509Certificate authority : PemFile.certificates(authorities)) {
      store.setCertificateEntry("authority-" + store.size(), authority);
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, NO_PASSWORD);
    return store;
  }

  private static TlsContext guarded(Path directory, Construction construction) throws IOException {
    try {
      return construction.make();
    } catch (GeneralSecurityException e) {
      throw new IOException(
          "the certificates in " + directory + " cannot be used: " + e.getMessage(), e);
    }
  }

  /** Reads files and makes a context of them. */
  private interface Construction {
    TlsContext make() throws IOException, GeneralSecurityException;
  }

  /** Trusts whoever answers: for clients that were told not to verify. */
  private static final class Anybody extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
