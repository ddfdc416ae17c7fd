package io.clonedevice.examples.nbd.server;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.function.UnaryOperator;

/** A clone in memory that is exported on a unix domain socket. */
final class ServedClone implements AutoCloseable {
  static final int REGION = 64 << 10;

  private final byte[] content;
  private final CloneDevice device;
  private final NbdServer server;
  private final Path socket;

  ServedClone(int size) throws IOException {
    this(size, NbdServerOptions.defaults());
  }

  ServedClone(int size, NbdServerOptions options) throws IOException {
    this(size, options, Hydration.disabled(), source -> source);
  }

  ServedClone(
      int size,
      NbdServerOptions options,
      Hydration hydration,
      UnaryOperator<BlockStore> sourceWrapper)
      throws IOException {
    this(size, options, hydration, sourceWrapper, new MemoryBlockStore(size));
  }

  ServedClone(
      int size,
      NbdServerOptions options,
      Hydration hydration,
      UnaryOperator<BlockStore> sourceWrapper,
      BlockStore destination)
      throws IOException {
    content = new byte[size];
    new Random(size).nextBytes(content);
    device =
        CloneDevice.builder()
            .source(sourceWrapper.apply(MemoryBlockStore.copyOf(content)))
            .destination(destination)
            .metadata(new MemoryBlockStore(MetadataSize.forRegions((size - 1) / REGION + 1)))
            .regionSize(REGION)
            .hydration(hydration)
            .open();
    server = new NbdServer(device, options);
    // Short: a path of a socket has about a hundred bytes.
    socket = Files.createTempDirectory("nbd").resolve("s");
    server.listen(UnixDomainSocketAddress.of(socket));
  }

  /** What the source holds; a copy. */
  byte[] content() {
    return content.clone();
  }

  CloneDevice device() {
    return device;
  }

  NbdServer server() {
    return server;
  }

  Path socket() {
    return socket;
  }

  /** The export with the empty name. */
  String uri() {
    return "nbd+unix:///?socket=" + socket;
  }

  RawClient connect() throws IOException {
    return new RawClient(socket);
  }

  @Override
  public void close() throws IOException {
    server.close();
    device.close();
    Files.deleteIfExists(socket.getParent());
  }
}
