package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.examples.nbd.server.NbdServer;
import io.clonedevice.examples.nbd.server.NbdServerOptions;
import io.clonedevice.examples.nbd.tls.Certificates;
import io.clonedevice.examples.nbd.tls.TlsContext;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A clone whose source, or destination, is an export of a server with a mind of its own. */
@Timeout(180)
class CloneOverNbdTest {
  private static final int SIZE = 4 << 20;
  private static final int REGION_SIZE = 16 << 10;

  @TempDir private Path directory;
  private byte[] content;
  private Path file;

  @BeforeEach
  void makeSource() throws IOException {
    content = new byte[SIZE];
    new Random(3).nextBytes(content);
    file = Files.write(directory.resolve("source"), content);
  }

  @ParameterizedTest
  @CsvSource({
    "delay, rdelay=10ms",
    "error, error-pread-rate=5%",
    "rate, rate=64M",
    "error, error-rate=3%",
    "noextents, ''"
  })
  void hydratesFromAServerWithAFilter(String filter, String parameter) throws Exception {
    List<Object> arguments = new ArrayList<>(List.of("--filter=" + filter, "-r", "file", file));
    if (!parameter.isEmpty()) {
      arguments.add(parameter);
    }
    try (NbdServerProcess server = NbdServerProcess.nbdkit(directory, arguments.toArray())) {
      hydrates(NbdBlockStore.openReadOnly(server.uri(), NbdOptions.defaults()));
    }
  }

  @Test
  void hydratesFromAServerThatIsRestartedMeanwhile() throws Exception {
    try (NbdServerProcess server =
        NbdServerProcess.nbdkit(directory, "--filter=delay", "-r", "file", file, "rdelay=5ms")) {
      NbdOptions options = NbdOptions.defaults().reconnectDelayMax(Duration.ofMillis(20));
      MemoryBlockStore destination = new MemoryBlockStore(SIZE);
      try (CloneDevice device =
          open(
              NbdBlockStore.openReadOnly(server.uri(), options),
              destination,
              Hydration.background().threshold(4).batchSize(1))) {
        for (int n = 0; n < 3; n++) {
          server.kill();
          server.restart();
          ByteBuffer read = ByteBuffer.allocateDirect(REGION_SIZE);
          device.read(n * REGION_SIZE, read).get(60, TimeUnit.SECONDS);
          assertThat(read.flip()).isEqualTo(ByteBuffer.wrap(content, n * REGION_SIZE, REGION_SIZE));
        }
        device.hydrated().get(60, TimeUnit.SECONDS);
        assertThat(destination.contents()).isEqualTo(content);
      }
    }
  }

  @Test
  void destinationMayBeAnExportToo() throws Exception {
    try (NbdServerProcess source = NbdServerProcess.nbdkit(directory, "-r", "file", file);
        NbdServerProcess target = NbdServerProcess.nbdkit(directory, "memory", SIZE);
        BlockStore reader = NbdBlockStore.openReadOnly(target.uri(), NbdOptions.defaults())) {
      byte[] written = new byte[3 * REGION_SIZE / 2];
      new Random(4).nextBytes(written);
      try (CloneDevice device =
          open(
              NbdBlockStore.openReadOnly(source.uri(), NbdOptions.defaults()),
              NbdBlockStore.open(target.uri(), NbdOptions.defaults()),
              Hydration.background())) {
        CompletableFuture<?> write = device.write(512, direct(written));
        write.get(60, TimeUnit.SECONDS);
        device.flush().get(60, TimeUnit.SECONDS);
        device.hydrated().get(60, TimeUnit.SECONDS);
      }
      System.arraycopy(written, 0, content, 512, written.length);
      ByteBuffer copy = ByteBuffer.allocate(SIZE);
      reader.read(0, copy);
      assertThat(copy.array()).isEqualTo(content);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "tls"})
  void exportOfACloneIsTheSourceOfAnother(String kind) throws Exception {
    boolean tls = kind.equals("tls");
    Path certificates = tls ? Certificates.inDirectory(directory.resolve("pki")) : null;
    NbdServerOptions options = NbdServerOptions.defaults().exportName("first");
    if (tls) {
      options = options.tls(TlsContext.server(certificates, true)::accept, true);
    }
    Path socket = directory.resolve("nbd");
    try (CloneDevice first =
            open(
                MemoryBlockStore.copyOf(content),
                new MemoryBlockStore(SIZE),
                Hydration.disabled());
        NbdServer server = new NbdServer(first, options)) {
      server.listen(UnixDomainSocketAddress.of(socket));
      byte[] written = new byte[2 * REGION_SIZE];
      new Random(5).nextBytes(written);
      first.write(REGION_SIZE / 2, direct(written)).get(60, TimeUnit.SECONDS);
      System.arraycopy(written, 0, content, REGION_SIZE / 2, written.length);
      String uri = "/first?socket=" + socket;
      hydrates(
          NbdBlockStore.openReadOnly(
              NbdUri.parse(
                  tls
                      ? "nbds+unix://" + uri + "&tls-certificates=" + certificates
                      : "nbd+unix://" + uri),
              NbdOptions.defaults()));
    }
  }

  private void hydrates(BlockStore source) throws Exception {
    MemoryBlockStore destination = new MemoryBlockStore(SIZE);
    try (CloneDevice device = open(source, destination, Hydration.background())) {
      device.hydrated().get(120, TimeUnit.SECONDS);
      assertThat(destination.contents()).isEqualTo(content);
    }
  }

  private static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  private static CloneDevice open(BlockStore source, BlockStore destination, Hydration hydration)
      throws IOException {
    return CloneDevice.builder()
        .source(source)
        .destination(destination)
        .metadata(new MemoryBlockStore(MetadataSize.forRegions(SIZE / REGION_SIZE)))
        .regionSize(REGION_SIZE)
        .hydration(hydration)
        .open();
  }
}
