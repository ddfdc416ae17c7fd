package io.clonedevice.examples.nbd.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TlsChannelTest {
  @TempDir private static Path directory;
  private static Path certificates;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private SocketChannel clientSocket;
  private SocketChannel serverSocket;

  @BeforeAll
  static void makeCertificates() throws Exception {
    certificates = Certificates.inDirectory(directory.resolve("pki"));
  }

  @BeforeEach
  void connect() throws IOException {
    try (ServerSocketChannel listener = ServerSocketChannel.open()) {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      clientSocket = SocketChannel.open(listener.getLocalAddress());
      serverSocket = listener.accept();
    }
  }

  @AfterEach
  void close() throws IOException {
    clientSocket.close();
    serverSocket.close();
    threads.shutdownNow();
  }

  @Test
  void bytesArriveInBothDirectionsAtOnce() throws Exception {
    Pair pair = openVerified();
    assertThat(pair.client.session().getProtocol()).isEqualTo("TLSv1.3");
    streamBothWays(pair, () -> {});
  }

  @Test
  void keysChangeInTheMiddleOfAStream() throws Exception {
    Pair pair = openVerified();
    streamBothWays(
        pair,
        () -> {
          pair.client.engine().beginHandshake(); // in TLS 1.3: change the keys of both directions
          pair.server.engine().beginHandshake();
        });
  }

  @Test
  void renegotiationInTheMiddleOfAStream() throws Exception {
    TlsContext old = TlsContext.client(certificates, true, "TLSv1.2");
    Pair pair = open(old, "localhost", TlsContext.server(certificates, false));
    assertThat(pair.client.session().getProtocol()).isEqualTo("TLSv1.2");
    streamBothWays(pair, () -> pair.client.engine().beginHandshake());
  }

  @Test
  void endOfAStreamIsTheGoodbyeOfThePeer() throws Exception {
    Pair pair = openVerified();
    ByteBuffer target = ByteBuffer.allocate(10);
    // A socket that is closed with bytes unread resets the connection; here the tickets are read.
    pair.server.write(ByteBuffer.wrap(new byte[1]));
    assertThat(pair.client.read(target)).isEqualTo(1);
    target.clear();
    pair.client.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    pair.client.close();
    assertThat(pair.server.read(target)).isEqualTo(3);
    assertThat(pair.server.read(target)).isEqualTo(-1);
    assertThat(pair.server.read(target)).isEqualTo(-1);
    assertThat(pair.client.isOpen()).isFalse();
    assertThatThrownBy(() -> pair.client.write(ByteBuffer.allocate(1)))
        .isInstanceOf(ClosedChannelException.class);
  }

  @Test
  void streamThatIsCutIsNoEnd() throws Exception {
    Pair pair = openVerified();
    pair.client.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    clientSocket.shutdownOutput();
    ByteBuffer target = ByteBuffer.allocate(10);
    assertThat(pair.server.read(target)).isEqualTo(3);
    assertThatThrownBy(() -> pair.server.read(target))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("cut");
  }

  @Test
  void closeWakesAReader() throws Exception {
    Pair pair = openVerified();
    Future<Integer> read = threads.submit(() -> pair.client.read(ByteBuffer.allocate(1)));
    pair.client.close();
    assertThatThrownBy(() -> read.get(30, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(ClosedChannelException.class);
  }

  @Test
  void serverOfAnotherNameIsRefused() {
    refused(
        () -> TlsContext.client(certificates, true),
        "elsewhere.example",
        () -> TlsContext.server(certificates, false),
        "elsewhere.example");
  }

  @Test
  void addressIsVerifiedToo() throws Exception {
    Pair pair =
        open(
            TlsContext.client(certificates, true),
            "127.0.0.1",
            TlsContext.server(certificates, false));
    streamBothWays(pair, () -> {});
  }

  @Test
  void serverOfAnUnknownAuthorityIsRefused() throws Exception {
    Path others = Files.createDirectory(directory.resolve("others"));
    Files.copy(certificates.resolve("client-cert.pem"), others.resolve("ca-cert.pem"));
    refused(
        () -> TlsContext.client(others, true),
        "localhost",
        () -> TlsContext.server(certificates, false),
        "path");
  }

  @Test
  void serverIsNotVerifiedIfNobodyWantsToKnow() throws Exception {
    Pair pair = open(TlsContext.client(null, false), null, TlsContext.server(certificates, false));
    streamBothWays(pair, () -> {});
  }

  @Test
  void clientWithoutCertificateIsRefusedWhereOneIsRequired() throws Exception {
    Path anonymous = Files.createDirectory(directory.resolve("anonymous"));
    Files.copy(certificates.resolve("ca-cert.pem"), anonymous.resolve("ca-cert.pem"));
    Future<TlsChannel> server =
        threads.submit(() -> TlsContext.server(certificates, true, "TLSv1.3").accept(serverSocket));
    // The client's part of the handshake of TLS 1.3 is over before it is refused.
    TlsChannel client = TlsContext.client(anonymous, true).connect(clientSocket, "localhost");
    assertThatThrownBy(() -> server.get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(SSLException.class);
    assertThatThrownBy(() -> client.read(ByteBuffer.allocate(1))).isInstanceOf(IOException.class);
  }

  @Test
  void peerThatSpeaksSomethingElseIsRefused() throws Exception {
    Future<TlsChannel> client =
        threads.submit(() -> TlsContext.client(null, false).connect(clientSocket, null));
    serverSocket.write(
        ByteBuffer.wrap("NBDMAGICIHAVEOPT".repeat(4).getBytes(StandardCharsets.UTF_8)));
    assertThatThrownBy(() -> client.get(30, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(SSLException.class);
    assertThat(clientSocket.isOpen()).isFalse();
  }

  @Test
  void verificationNeedsAName() throws Exception {
    TlsContext context = TlsContext.client(certificates, true);
    assertThatThrownBy(() -> context.connect(clientSocket, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("host name");
  }

  @Test
  void missingAndDamagedFilesAreNamed() throws Exception {
    Path broken = Files.createDirectory(directory.resolve("broken"));
    assertThatThrownBy(() -> TlsContext.server(broken, false))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("server-cert.pem");
    Files.writeString(broken.resolve("server-cert.pem"), "nothing here");
    assertThatThrownBy(() -> TlsContext.server(broken, false))
        .hasMessageContaining("server-cert.pem holds no certificate");
    Files.copy(
        certificates.resolve("server-cert.pem"),
        broken.resolve("server-cert.pem"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    Certificates.write(broken.resolve("server-key.pem"), "ENCRYPTED PRIVATE KEY", new byte[9]);
    assertThatThrownBy(() -> TlsContext.server(broken, false))
        .hasMessageContaining("ENCRYPTED PRIVATE KEY")
        .hasMessageContaining("openssl pkcs8");
    Certificates.write(broken.resolve("server-key.pem"), "PRIVATE KEY", new byte[9]);
    assertThatThrownBy(() -> TlsContext.server(broken, false))
        .hasMessageContaining("holds no key of the certificate's algorithm, RSA");
  }

  @Test
  void rsaKeyWithoutItsWrappingIsRead() throws Exception {
    PrivateKey key = KeyPairGenerator.getInstance("RSA").generateKeyPair().getPrivate();
    byte[] wrapped = key.getEncoded();
    Path file = directory.resolve("rsa-key.pem");
    // The bare key is the last octet string: 4 bytes of header after 22 bytes of wrapping.
    Certificates.write(file, "RSA PRIVATE KEY", Arrays.copyOfRange(wrapped, 26, wrapped.length));
    assertThat(PemFile.privateKey(file, "RSA")).isEqualTo(key);
  }

  private Pair openVerified() throws Exception {
    return open(
        TlsContext.client(certificates, true),
        "localhost",
        TlsContext.server(certificates, true, "TLSv1.3"));
  }

  private Pair open(TlsContext client, String hostName, TlsContext server) throws Exception {
    Future<TlsChannel> accepted = threads.submit(() -> server.accept(serverSocket));
    TlsChannel connected = client.connect(clientSocket, hostName);
    return new Pair(connected, accepted.get(30, TimeUnit.SECONDS));
  }

  private void refused(
      Callable<TlsContext> client, String hostName, Callable<TlsContext> server, String message) {
    Future<TlsChannel> accepted = threads.submit(() -> server.call().accept(serverSocket));
    assertThatThrownBy(() -> client.call().connect(clientSocket, hostName))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining(message);
    assertThatThrownBy(() -> accepted.get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(IOException.class);
  }

  /** Streams random bytes in pieces of random sizes through both directions at once. */
  private void streamBothWays(Pair pair, Action inTheMiddle) throws Exception {
    Seed seed = new Seed();
    byte[] up = new byte[3 << 20];
    byte[] down = new byte[3 << 20];
    seed.stream().nextBytes(up);
    seed.stream().nextBytes(down);
    Random[] random = {seed.stream(), seed.stream(), seed.stream(), seed.stream()};
    Future<?> clientWrites = threads.submit(() -> send(pair.client, up, random[0], inTheMiddle));
    Future<?> serverWrites = threads.submit(() -> send(pair.server, down, random[1], () -> {}));
    Future<byte[]> clientReads = threads.submit(() -> receive(pair.client, down.length, random[2]));
    Future<byte[]> serverReads = threads.submit(() -> receive(pair.server, up.length, random[3]));
    assertThat(Arrays.equals(serverReads.get(30, TimeUnit.SECONDS), up)).isTrue();
    assertThat(Arrays.equals(clientReads.get(30, TimeUnit.SECONDS), down)).isTrue();
    clientWrites.get(30, TimeUnit.SECONDS);
    serverWrites.get(30, TimeUnit.SECONDS);
  }

  private static Void send(ByteChannel channel, byte[] bytes, Random random, Action inTheMiddle)
      throws IOException {
    ByteBuffer source = ByteBuffer.wrap(bytes);
    boolean before = true;
    while (source.hasRemaining()) {
      if (before && source.position() > bytes.length / 2) {
        before = false;
        inTheMiddle.run();
      }
      source.limit(Math.min(bytes.length, source.position() + 1 + random.nextInt(100_000)));
      channel.write(source);
      source.limit(bytes.length);
    }
    return null;
  }

  private static byte[] receive(ByteChannel channel, int length, Random random) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(length);
    while (target.hasRemaining()) {
      target.limit(Math.min(length, target.position() + 1 + random.nextInt(100_000)));
      assertThat(channel.read(target)).isPositive();
      target.limit(length);
    }
    return target.array();
  }

  /** Something that the test does in the middle of a stream. */
  private interface Action {
    void run() throws IOException;
  }

  /** Both ends of a session. */
  private record Pair(TlsChannel client, TlsChannel server) {}
}
