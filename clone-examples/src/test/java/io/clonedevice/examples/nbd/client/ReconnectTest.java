package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdExportFlags;
import io.clonedevice.examples.nbd.client.ScriptedServer.Asked;
import io.clonedevice.examples.nbd.client.ScriptedServer.Peer;
import io.clonedevice.store.BlockIoException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A connection that is lost is made anew, and nothing is promised that may not be true. */
@Timeout(120)
class ReconnectTest {
  private static final NbdOptions OPTIONS =
      NbdOptions.defaults().connections(1).reconnectDelayMax(Duration.ofMillis(20));

  @TempDir private Path directory;

  @Test
  void whatWasInFlightIsAskedAgain() throws Exception {
    List<Asked> asked = new CopyOnWriteArrayList<>();
    try (ScriptedServer server =
            servesTheFirst(
                peer -> {
                  for (int n = 0; n < 3; n++) {
                    asked.add(peer.next());
                  }
                  // and gone
                });
        NbdBlockStore store = NbdBlockStore.open(server.uri(), OPTIONS)) {
      Waiter read = new Waiter();
      Waiter write = new Waiter();
      Waiter discard = new Waiter();
      ByteBuffer bytes = ByteBuffer.allocate(4096);
      store.readAsync(4096, bytes, read);
      store.writeAsync(0, ByteBuffer.allocate(512), write);
      store.discardAsync(8192, 512, discard);
      read.await();
      write.await();
      discard.await();
      assertThat(bytes.array()).isEqualTo(ScriptedServer.content(4096, 4096));
      assertThat(asked).hasSize(3);
      store.flush(); // the changes were acknowledged on this connection only
    }
  }

  @Test
  void flushAfterAllConnectionsWereLostFailsOnceIfSomethingMayBeLost() throws Exception {
    CompletableFuture<Void> cut = new CompletableFuture<>();
    try (ScriptedServer server =
            servesTheFirst(
                peer -> {
                  peer.answer(peer.next());
                  peer.answer(peer.next());
                  cut.join();
                });
        NbdBlockStore store = NbdBlockStore.open(server.uri(), OPTIONS)) {
      store.write(0, ByteBuffer.allocate(512));
      store.writeDurably(512, ByteBuffer.allocate(512));
      cut.complete(null);
      store.read(0, ByteBuffer.allocate(512)); // on the second connection
      assertThatThrownBy(store::flush)
          .isInstanceOf(BlockIoException.class)
          .hasMessageContaining("if the server was restarted they are lost too");
      store.flush();
      store.write(0, ByteBuffer.allocate(512));
      store.flush();
    }
  }

  @Test
  void whatWasWrittenDurablyNeedsNoFlush() throws Exception {
    CompletableFuture<Void> cut = new CompletableFuture<>();
    try (ScriptedServer server =
            servesTheFirst(
                peer -> {
                  peer.answer(peer.next());
                  peer.answer(peer.next());
                  peer.answer(peer.next());
                  cut.join();
                });
        NbdBlockStore store = NbdBlockStore.open(server.uri(), OPTIONS)) {
      store.write(0, ByteBuffer.allocate(512));
      store.flush();
      store.writeDurably(512, ByteBuffer.allocate(512));
      cut.complete(null);
      store.read(0, ByteBuffer.allocate(512));
      store.flush();
      assertThat(server.connectionCount()).isEqualTo(2);
    }
  }

  @Test
  void aConnectionThatOutlivesTheLostOneProvesThatTheServerIsTheSame() throws Exception {
    CompletableFuture<Void> cut = new CompletableFuture<>();
    CountDownLatch both = new CountDownLatch(2);
    CountDownLatch lost = new CountDownLatch(1);
    try (ScriptedServer server =
            new ScriptedServer(
                directory,
                ScriptedServer.ALL_FLAGS | NbdExportFlags.CAN_MULTI_CONN,
                true,
                (peer, connection) -> {
                  peer.handshake();
                  both.countDown();
                  if (connection == 1) {
                    cut.join();
                    lost.countDown();
                    return;
                  }
                  while (true) {
                    peer.answer(peer.next());
                  }
                });
        NbdBlockStore store = NbdBlockStore.open(server.uri(), OPTIONS.connections(2))) {
      both.await();
      Waiter[] writes = new Waiter[64];
      for (int n = 0; n < writes.length; n++) {
        writes[n] = new Waiter();
        store.writeAsync(512L * n, ByteBuffer.allocate(512), writes[n]);
      }
      cut.complete(null);
      lost.await();
      for (Waiter write : writes) {
        write.await();
      }
      store.flush();
    }
  }

  @Test
  void flushWaitsForTheSessionThatCanBeBelieved() throws Exception {
    // The first session holds back its reads; the second one begins after the write.
    CompletableFuture<Void> written = new CompletableFuture<>();
    CompletableFuture<Void> held = new CompletableFuture<>();
    CompletableFuture<Void> release = new CompletableFuture<>();
    try (ScriptedServer server =
            new ScriptedServer(
                directory,
                ScriptedServer.ALL_FLAGS | NbdExportFlags.CAN_MULTI_CONN,
                true,
                (peer, connection) -> {
                  if (connection > 0) {
                    written.join();
                    peer.behave();
                  }
                  peer.handshake();
                  while (true) {
                    Asked asked = peer.next();
                    if (asked.command() == NbdCommand.READ) {
                      held.complete(null);
                      release.join();
                    }
                    peer.answer(asked);
                  }
                });
        NbdBlockStore store =
            NbdBlockStore.open(server.uri(), OPTIONS.connections(2).requestsInFlight(1))) {
      store.write(0, ByteBuffer.allocate(512));
      written.complete(null);
      while (!held.isDone()) {
        CompletableFuture<Void> read = new CompletableFuture<>();
        store.readAsync(0, ByteBuffer.allocate(512), failure -> read.complete(null));
        CompletableFuture.anyOf(read, held).join();
      }
      HostileServerTest.assertReads(store, 0, 512); // the second session is there and has room
      CompletableFuture<Throwable> flush = new CompletableFuture<>();
      store.flushAsync(flush::complete);
      HostileServerTest.assertReads(store, 512, 512); // passed by the flush
      assertThat(flush).isNotDone();
      release.complete(null);
      assertThat(flush.get(30, TimeUnit.SECONDS)).isNull();
    }
  }

  @Test
  void hangingServerIsLeftAndReadsAreAskedElsewhere() throws Exception {
    NbdOptions hasty = OPTIONS.requestTimeout(Duration.ofMillis(200));
    try (ScriptedServer server = servesTheFirst(Peer::hang);
        NbdBlockStore store = NbdBlockStore.open(server.uri(), hasty)) {
      HostileServerTest.assertReads(store, 4096, 8192);
    }
  }

  @Test
  void writeThatAHangingServerMayStillCarryOutFails() throws Exception {
    NbdOptions hasty = OPTIONS.requestTimeout(Duration.ofMillis(200));
    try (ScriptedServer server = servesTheFirst(Peer::hang);
        NbdBlockStore store = NbdBlockStore.open(server.uri(), hasty)) {
      assertThatThrownBy(() -> store.write(4096, ByteBuffer.allocate(512)))
          .isInstanceOf(BlockIoException.class)
          .hasMessageContaining("write of 512 bytes at byte 4096 of " + server.uri())
          .hasMessageContaining("no reply within 200 ms");
      HostileServerTest.assertReads(store, 0, 512);
    }
  }

  @Test
  void serverThatIsGoneForGoodFailsRequestsWhenPatienceEnds() throws Exception {
    NbdOptions impatient = OPTIONS.patience(Duration.ofMillis(300));
    ScriptedServer server = server((peer, connection) -> peer.behave());
    try (NbdBlockStore store = NbdBlockStore.openReadOnly(server.uri(), impatient)) {
      server.close();
      assertThatThrownBy(() -> store.read(0, ByteBuffer.allocate(512)))
          .isInstanceOf(BlockIoException.class)
          .hasMessageContaining("read of 512 bytes at byte 0 of " + server.uri());
    } finally {
      server.close();
    }
  }

  @Test
  void exportThatHasAnotherSizeNowIsRefused() throws Exception {
    NbdOptions impatient = OPTIONS.patience(Duration.ofMillis(300));
    ScriptedServer first =
        new ScriptedServer(
            directory, ScriptedServer.ALL_FLAGS, true, (peer, connection) -> peer.behave(), 8192);
    try (NbdBlockStore store = NbdBlockStore.openReadOnly(first.uri(), impatient)) {
      first.close();
      Files.delete(first.uri().socket());
      CountDownLatch refused = new CountDownLatch(2); // the second attempt follows a refused one
      try (ScriptedServer second =
          server(
              (peer, connection) -> {
                refused.countDown();
                peer.behave();
              })) {
        refused.await();
        assertThatThrownBy(() -> store.read(0, ByteBuffer.allocate(512)))
            .isInstanceOf(BlockIoException.class)
            .cause()
            .hasStackTraceContaining("the export is not what it was");
        assertThat(second.connectionCount()).isGreaterThan(1);
      }
    }
  }

  @Test
  void closeEndsWhatIsInFlightAndLeavesNoThread() throws Exception {
    try (ScriptedServer server =
        server(
            (peer, connection) -> {
              peer.handshake();
              peer.hang();
            })) {
      NbdBlockStore store =
          NbdBlockStore.openReadOnly(server.uri(), NbdOptions.defaults().connections(3));
      CompletableFuture<Throwable> outcome = new CompletableFuture<>();
      store.readAsync(0, ByteBuffer.allocate(512), outcome::complete);
      assertThat(threads()).isNotEmpty();
      store.close();
      assertThat(outcome.get(30, TimeUnit.SECONDS))
          .isInstanceOf(BlockIoException.class)
          .hasCauseInstanceOf(ClosedChannelException.class);
      assertThat(threads()).isEmpty();
      store.close();
    }
  }

  @Test
  void failedOpeningLeavesNoThread() {
    NbdUri nowhere = NbdUri.parse("nbd+unix:///?socket=" + directory.resolve("nowhere"));
    assertThatThrownBy(() -> NbdBlockStore.openReadOnly(nowhere, NbdOptions.defaults()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(nowhere.toString());
    assertThat(threads()).isEmpty();
  }

  @Test
  void realServerThatIsKilledAndStartedAgainInTheMiddle() throws Exception {
    int size = 4 << 20;
    byte[] content = new byte[size];
    new java.util.Random(1).nextBytes(content);
    Path file = Files.write(directory.resolve("disk"), content);
    try (NbdServerProcess server =
            NbdServerProcess.nbdkit(directory, "--filter=delay", "file", file, "rdelay=300ms");
        NbdBlockStore store = NbdBlockStore.openReadOnly(server.uri(), OPTIONS.connections(3))) {
      ByteBuffer[] buffers = new ByteBuffer[64];
      Waiter[] reads = new Waiter[64];
      for (int n = 0; n < reads.length; n++) {
        buffers[n] = ByteBuffer.allocateDirect(65536);
        reads[n] = new Waiter();
        store.readAsync(65536L * n, buffers[n], reads[n]);
      }
      server.kill(); // within the delay of the first
      server.restart();
      for (int n = 0; n < reads.length; n++) {
        reads[n].await();
        assertThat(buffers[n].flip()).isEqualTo(ByteBuffer.wrap(content, 65536 * n, 65536));
      }
    }
  }

  @Test
  void realServerThatIsRestartedMakesTheNextFlushFail() throws Exception {
    Path file = Files.write(directory.resolve("disk"), new byte[1 << 20]);
    try (NbdServerProcess server = NbdServerProcess.nbdkit(directory, "file", file);
        NbdBlockStore store =
            NbdBlockStore.open(server.uri(), NbdOptions.defaults().connections(4))) {
      byte[] bytes = new byte[4096];
      Arrays.fill(bytes, (byte) 'W');
      store.write(0, ByteBuffer.wrap(bytes));
      server.kill();
      server.restart();
      assertThatThrownBy(store::flush).isInstanceOf(BlockIoException.class);
      store.write(0, ByteBuffer.wrap(bytes));
      store.flush();
      assertThat(Files.readAllBytes(file)).startsWith(bytes);
    }
  }

  @Test
  void realServerThatIsStoppedTimesOutAndGoesOnLater() throws Exception {
    NbdOptions hasty =
        OPTIONS
            .connections(2)
            .requestTimeout(Duration.ofMillis(200))
            .connectTimeout(Duration.ofMillis(200))
            .patience(Duration.ofSeconds(5));
    try (NbdServerProcess server = NbdServerProcess.nbdkit(directory, "pattern", "1M");
        NbdBlockStore store = NbdBlockStore.openReadOnly(server.uri(), hasty)) {
      server.signal("STOP"); // its threads do not all stop at once
      assertThatThrownBy(
              () -> {
                while (true) {
                  store.read(0, ByteBuffer.allocate(512));
                }
              })
          .isInstanceOf(BlockIoException.class)
          .hasMessageContaining("read of 512 bytes at byte 0 of " + server.uri());
      server.signal("CONT");
      ByteBuffer bytes = ByteBuffer.allocate(512);
      store.read(4096, bytes);
      assertThat(bytes.getLong(8)).as("the pattern is the offset").isEqualTo(4096 + 8);
    }
  }

  /**
   * A server that does as told after the first handshake, and as it should on later connections.
   */
  private ScriptedServer servesTheFirst(OnConnection first) throws IOException {
    return server(
        (peer, connection) -> {
          if (connection > 0) {
            peer.behave();
          }
          peer.handshake();
          first.serve(peer);
        });
  }

  /** What is done on a connection. */
  private interface OnConnection {
    void serve(Peer peer) throws IOException;
  }

  private ScriptedServer server(ScriptedServer.Script script) throws IOException {
    return new ScriptedServer(directory, ScriptedServer.ALL_FLAGS, true, script);
  }

  static List<String> threads() {
    List<String> names = new ArrayList<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("clone-nbd-") && thread.isAlive()) {
        names.add(thread.getName());
      }
    }
    return names;
  }
}
