package io.clonedevice.examples;

import io.clonedevice.CloneDevice;
import io.clonedevice.examples.nbd.server.NbdServer;
import io.clonedevice.examples.nbd.server.NbdServerOptions;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.GatedBlockStore;
import java.io.Closeable;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;

/** An NBD server that accepts everybody and answers no read. */
final class HangingSource implements Closeable {
  private static final int REGION_SIZE = 4096;

  private final GatedBlockStore gate;
  private final CloneDevice device;
  private final NbdServer server;
  private final Path socket;

  HangingSource(int size) throws IOException {
    gate = new GatedBlockStore(new MemoryBlockStore(size));
    gate.hold(Operation.READ);
    device =
        CloneDevice.builder()
            .source(gate)
            .destination(new MemoryBlockStore(size))
            .metadata(new MemoryBlockStore(MetadataSize.forRegions(size / REGION_SIZE)))
            .regionSize(REGION_SIZE)
            .hydration(Hydration.disabled())
            .open();
    server = new NbdServer(device, NbdServerOptions.defaults());
    socket = Files.createTempDirectory("nbd").resolve("s");
    server.listen(UnixDomainSocketAddress.of(socket));
  }

  String uri() {
    return "nbd+unix:///?socket=" + socket;
  }

  /** Waits until somebody waits for a read. */
  void awaitRead() throws InterruptedException {
    gate.awaitWaiting(1);
  }

  @Override
  public void close() throws IOException {
    gate.open();
    server.close();
    device.close();
    Files.deleteIfExists(socket.getParent());
  }
}
