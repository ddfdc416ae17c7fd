package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.examples.nbd.tls.Certificates;
import io.clonedevice.store.Extent;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The servers that people run. */
@Timeout(120)
class NbdPeersTest {
  private static final int SIZE = 8 << 20;
  private static final NbdOptions OPTIONS =
      NbdOptions.defaults().connectTimeout(Duration.ofSeconds(20));

  @TempDir private static Path shared;
  private static Path certificates;
  private static byte[] content;
  private static Path raw;

  @TempDir private Path directory;

  @BeforeAll
  static void makeFiles() throws Exception {
    certificates = Certificates.inDirectory(shared.resolve("pki"));
    content = new byte[SIZE];
    new Random(7).nextBytes(content);
    Arrays.fill(content, 2 << 20, 6 << 20, (byte) 0);
    raw = shared.resolve("raw");
    try (RandomAccessFile file = new RandomAccessFile(raw.toFile(), "rw")) {
      file.write(content, 0, 2 << 20);
      file.seek(6 << 20);
      file.write(content, 6 << 20, 2 << 20);
    }
  }

  /** Servers of all ages: without structured replies, without fixed newstyle, without flags. */
  @ParameterizedTest
  @ValueSource(
      strings = {"--mask-handshake=3", "--no-sr", "--mask-handshake=1", "--mask-handshake=0"})
  void nbdkitOfAnyAge(String age) throws Exception {
    try (NbdServerProcess server = NbdServerProcess.nbdkit(directory, age, "file", copy());
        NbdBlockStore store = NbdBlockStore.open(server.uri(), OPTIONS)) {
      readsAndWrites(store);
    }
  }

  @Test
  void nbdkitOverTcp() throws Exception {
    NbdServerProcess.assumeProgram("nbdkit");
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    try (NbdServerProcess server =
            NbdServerProcess.nbdkitOnPort(directory, port, "file", copy(), "-e", "disk one");
        NbdBlockStore store =
            NbdBlockStore.open(NbdUri.parse("nbd://127.0.0.1:" + port + "/disk%20one"), OPTIONS)) {
      readsAndWrites(store);
      assertThat(server.socket()).doesNotExist();
    }
  }

  @Test
  void nbdkitOverTls() throws Exception {
    try (NbdServerProcess server =
        NbdServerProcess.nbdkit(
            directory,
            "--tls=require",
            "--tls-certificates=" + certificates,
            "--tls-verify-peer",
            "file",
            copy())) {
      try (NbdBlockStore store = NbdBlockStore.open(server.secureUri(certificates, ""), OPTIONS)) {
        readsAndWrites(store);
      }
      assertThatThrownBy(() -> NbdBlockStore.open(server.uri(), OPTIONS))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("demands TLS");
      NbdUri elsewhere = server.secureUri(certificates, "&tls-hostname=elsewhere.example");
      assertThatThrownBy(() -> NbdBlockStore.open(elsewhere, OPTIONS))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("elsewhere.example");
      Path anonymous = Files.createDirectory(directory.resolve("anonymous"));
      Files.copy(certificates.resolve("ca-cert.pem"), anonymous.resolve("ca-cert.pem"));
      assertThatThrownBy(() -> NbdBlockStore.open(server.secureUri(anonymous, ""), OPTIONS))
          .as("no certificate for the server")
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void serverWithoutTlsIsRefusedIfTlsIsAskedFor() throws Exception {
    try (NbdServerProcess server = NbdServerProcess.nbdkit(directory, "memory", "1M")) {
      assertThatThrownBy(() -> NbdBlockStore.open(server.secureUri(certificates, ""), OPTIONS))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("TLS: the server");
    }
  }

  @Test
  void qemuNbdOverTls() throws Exception {
    try (NbdServerProcess server =
            NbdServerProcess.qemuNbd(
                directory,
                "--object",
                "tls-creds-x509,id=tls0,endpoint=server,verify-peer=on,dir=" + certificates,
                "--tls-creds",
                "tls0",
                "-f",
                "raw",
                copy());
        NbdBlockStore store = NbdBlockStore.open(server.secureUri(certificates, ""), OPTIONS)) {
      readsAndWrites(store);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--shared=1", "--shared=8"})
  void qemuNbdWithAQcow2Image(String clients) throws Exception {
    NbdServerProcess.assumeProgram("qemu-img");
    Path image = directory.resolve("image.qcow2");
    NbdServerProcess.run(
        List.of(
            "qemu-img",
            "convert",
            "-f",
            "raw",
            "-O",
            "qcow2",
            "-c",
            raw.toString(),
            image.toString()));
    try (NbdServerProcess server =
            NbdServerProcess.qemuNbd(directory, clients, "-f", "qcow2", "-r", image, "-x", "disk");
        NbdBlockStore store = NbdBlockStore.openReadOnly(server.uri("disk"), OPTIONS)) {
      readsEverything(store);
      assertThat(store.extentAt(2 << 20, SIZE - (2 << 20)))
          .isEqualTo(new Extent(2 << 20, 4 << 20, Extent.Kind.HOLE));
    }
  }

  @Test
  void qemuNbdWritable() throws Exception {
    try (NbdServerProcess server =
            NbdServerProcess.qemuNbd(directory, "-f", "raw", "--discard=unmap", copy());
        NbdBlockStore store = NbdBlockStore.open(server.uri(), OPTIONS)) {
      readsAndWrites(store);
    }
  }

  @Test
  void holesOfASparseFileAreKnown() throws Exception {
    try (NbdServerProcess server = NbdServerProcess.nbdkit(directory, "-r", "file", raw);
        NbdBlockStore store = NbdBlockStore.openReadOnly(server.uri(), OPTIONS)) {
      assertThat(store.extentAt(0, SIZE)).isEqualTo(new Extent(0, 2 << 20, Extent.Kind.DATA));
      assertThat(store.extentAt(2 << 20, SIZE - (2 << 20)))
          .isEqualTo(new Extent(2 << 20, 4 << 20, Extent.Kind.HOLE));
      assertThat(store.extentAt((3 << 20) + 77, 4096))
          .isEqualTo(new Extent((3 << 20) + 77, 4096, Extent.Kind.HOLE));
      assertThat(store.extentAt(6 << 20, 2 << 20))
          .isEqualTo(new Extent(6 << 20, 2 << 20, Extent.Kind.DATA));
    }
  }

  @Test
  void requestsKeepToTheBlockSizesOfTheServer() throws Exception {
    // This filter refuses what is not aligned, and what is larger than its maximum.
    try (NbdServerProcess server =
            NbdServerProcess.nbdkit(
                directory,
                "--filter=blocksize-policy",
                "file",
                copy(),
                "blocksize-error-policy=error",
                "blocksize-minimum=4096",
                "blocksize-preferred=65536",
                "blocksize-maximum=131072");
        NbdBlockStore store = NbdBlockStore.open(server.uri(), OPTIONS)) {
      assertThat(store.logicalBlockSize()).isEqualTo(4096);
      assertThat(store.optimalIoSize()).isEqualTo(65536);
      readsAndWrites(store);
    }
  }

  private Path copy() throws IOException {
    return Files.copy(raw, directory.resolve("copy"));
  }

  private static void readsEverything(NbdBlockStore store) throws IOException {
    assertThat(store.size()).isEqualTo(SIZE);
    ByteBuffer all = ByteBuffer.allocateDirect(SIZE);
    store.read(0, all);
    assertThat(all.flip().equals(ByteBuffer.wrap(content))).isTrue();
  }

  private static void readsAndWrites(NbdBlockStore store) throws IOException {
    readsEverything(store);
    byte[] written = new byte[1 << 20];
    new Random(8).nextBytes(written);
    store.write(4096, ByteBuffer.wrap(written));
    store.writeDurably(7 << 20, ByteBuffer.wrap(written));
    store.flush();
    if (store.discardSupport().supported()) {
      store.discard(0, 4096);
    }
    ByteBuffer back = ByteBuffer.allocate(1 << 20);
    store.read(4096, back);
    assertThat(back.array()).isEqualTo(written);
    store.read(7 << 20, back.clear());
    assertThat(back.array()).isEqualTo(written);
  }
}
