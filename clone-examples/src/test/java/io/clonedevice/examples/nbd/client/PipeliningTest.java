package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.examples.nbd.NbdExportFlags;
import io.clonedevice.examples.nbd.client.ScriptedServer.Asked;
import io.clonedevice.examples.nbd.client.ScriptedServer.Peer;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How requests are spread over connections and what is sent for them. */
@Timeout(60)
class PipeliningTest {
  private static final int COUNT = 64;

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aServerThatWaitsFor64RequestsGetsThem(boolean structured) throws Exception {
    // The server is as slow as can be: it answers nothing before everything was asked.
    CountDownLatch asked = new CountDownLatch(COUNT);
    List<Asked> order = new CopyOnWriteArrayList<>();
    try (ScriptedServer server =
            new ScriptedServer(
                directory,
                ScriptedServer.ALL_FLAGS,
                structured,
                (peer, connection) -> {
                  peer.handshake();
                  List<Asked> mine = new ArrayList<>();
                  while (mine.size() < COUNT) {
                    Asked next = peer.next();
                    mine.add(next);
                    order.add(next);
                    asked.countDown();
                  }
                  asked.await();
                  Collections.shuffle(mine, Seed.random());
                  for (Asked request : mine) {
                    peer.answer(request);
                  }
                  peer.hang();
                });
        NbdBlockStore store =
            NbdBlockStore.openReadOnly(server.uri(), NbdOptions.defaults().connections(1))) {
      readAll(store, COUNT);
      assertThat(order).hasSize(COUNT);
    }
  }

  @Test
  void severalConnectionsShareTheRequests() throws Exception {
    // Each connection holds 16 at most, and none is answered before all 64 are there.
    CountDownLatch asked = new CountDownLatch(COUNT);
    NbdOptions options = NbdOptions.defaults().connections(4).requestsInFlight(COUNT / 4);
    try (ScriptedServer server =
            new ScriptedServer(
                directory,
                ScriptedServer.ALL_FLAGS,
                true,
                (peer, connection) -> {
                  peer.handshake();
                  List<Asked> mine = new ArrayList<>();
                  while (mine.size() < COUNT / 4) {
                    mine.add(peer.next());
                    asked.countDown();
                  }
                  asked.await();
                  for (Asked request : mine) {
                    peer.answer(request);
                  }
                  peer.hang();
                });
        NbdBlockStore store = NbdBlockStore.openReadOnly(server.uri(), options)) {
      readAll(store, COUNT);
      assertThat(server.connectionCount()).isEqualTo(4);
    }
  }

  @Test
  void noMoreThanTheBoundAreInFlight() throws Exception {
    Semaphore answers = new Semaphore(0);
    List<Integer> inFlight = new CopyOnWriteArrayList<>();
    try (ScriptedServer server =
            new ScriptedServer(
                directory,
                ScriptedServer.ALL_FLAGS,
                true,
                (peer, connection) -> {
                  peer.handshake();
                  List<Asked> unanswered = new ArrayList<>();
                  for (int n = 0; n < COUNT; n++) {
                    unanswered.add(peer.next());
                    inFlight.add(unanswered.size());
                    if (unanswered.size() == 5) {
                      peer.answer(unanswered.remove(0));
                    }
                  }
                  for (Asked last : unanswered) {
                    peer.answer(last);
                  }
                  answers.release();
                  peer.hang();
                });
        NbdBlockStore store =
            NbdBlockStore.openReadOnly(
                server.uri(), NbdOptions.defaults().connections(1).requestsInFlight(5))) {
      readAll(store, COUNT);
      assertThat(answers.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
      assertThat(Collections.max(inFlight)).isEqualTo(5);
    }
  }

  @Test
  void writableStoreUsesOneConnectionUnlessTheServerSaysThatAFlushCoversAll() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                directory, ScriptedServer.ALL_FLAGS, true, (peer, connection) -> peer.behave());
        NbdBlockStore store = NbdBlockStore.open(server.uri(), NbdOptions.defaults())) {
      readAll(store, COUNT);
      assertThat(server.connectionCount()).isEqualTo(1);
    }
  }

  @Test
  void whatIsSentIsWhatWasAskedFor() throws Exception {
    List<Asked> asked = new CopyOnWriteArrayList<>();
    try (ScriptedServer server = recording(ScriptedServer.ALL_FLAGS, asked);
        NbdBlockStore store = NbdBlockStore.open(server.uri(), NbdOptions.defaults())) {
      store.flush(); // nothing was written: nothing to say
      store.write(512, ByteBuffer.allocate(1024));
      store.flush();
      store.writeDurably(4096, ByteBuffer.allocateDirect(100_352));
      store.discard(8192, 512);
    }
    assertThat(asked.stream().map(PipeliningTest::text))
        .containsExactly("1/0 512+1024", "3/0 0+0", "1/1 4096+100352", "4/0 8192+512");
  }

  @Test
  void aServerThatCannotTrimIsAskedForZeroesAndOneThatCannotFlushIsNotBelieved() throws Exception {
    List<Asked> asked = new CopyOnWriteArrayList<>();
    int flags = NbdExportFlags.HAS_FLAGS | NbdExportFlags.SEND_WRITE_ZEROES;
    try (ScriptedServer server = recording(flags, asked);
        NbdBlockStore store = NbdBlockStore.open(server.uri(), NbdOptions.defaults())) {
      assertThat(store.discardSupport().readsZeroes()).isTrue();
      store.discard(0, 65536);
      assertThatThrownBy(store::flush).hasMessageContaining("the server cannot flush");
      assertThatThrownBy(() -> store.writeDurably(0, ByteBuffer.allocate(512)))
          .hasMessageContaining("the server cannot flush");
    }
    assertThat(asked.stream().map(PipeliningTest::text))
        .containsExactly("6/0 0+65536", "1/0 0+512");
  }

  @Test
  void readOnlyExportIsNotOpenedForWriting() throws Exception {
    int flags = NbdExportFlags.HAS_FLAGS | NbdExportFlags.READ_ONLY;
    try (ScriptedServer server = recording(flags, new CopyOnWriteArrayList<>())) {
      assertThatThrownBy(() -> NbdBlockStore.open(server.uri(), NbdOptions.defaults()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("is read-only");
    }
  }

  @Test
  void replyToAWriteThatComesTooEarlyDoesNotGiveTheBufferAwayToo() throws Exception {
    // The reply is sent when the header is there; the payload is read only when the client says so.
    CountDownLatch replied = new CountDownLatch(1);
    CountDownLatch readOn = new CountDownLatch(1);
    int length = 16 << 20; // far more than the socket's buffers hold
    try (ScriptedServer server =
            new ScriptedServer(
                directory,
                ScriptedServer.ALL_FLAGS,
                false,
                (peer, connection) -> {
                  peer.handshake();
                  ByteBuffer header = peer.read(28);
                  peer.simple(5, header.getLong(8));
                  replied.countDown();
                  readOn.await();
                  peer.read(length);
                  peer.answer(peer.next());
                  peer.hang();
                },
                length);
        NbdBlockStore store = NbdBlockStore.open(server.uri(), NbdOptions.defaults())) {
      Semaphore completed = new Semaphore(0);
      store.writeAsync(0, ByteBuffer.allocateDirect(length), failure -> completed.release());
      replied.await();
      assertThat(completed.tryAcquire(100, TimeUnit.MILLISECONDS))
          .as("completed while the buffer is still being sent")
          .isFalse();
      readOn.countDown();
      assertThat(completed.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
      HostileServerTest.assertReads(store, 0, 4096);
    }
  }

  private ScriptedServer recording(int flags, List<Asked> asked) throws IOException {
    return new ScriptedServer(
        directory,
        flags,
        true,
        (peer, connection) -> {
          peer.handshake();
          record(peer, asked);
        });
  }

  private static void record(Peer peer, List<Asked> asked) throws IOException {
    while (true) {
      Asked next = peer.next();
      asked.add(next);
      peer.answer(next);
    }
  }

  private static String text(Asked asked) {
    return asked.command()
        + "/"
        + (asked.flags() & NbdCommand.FLAG_FUA)
        + " "
        + asked.offset()
        + "+"
        + asked.length();
  }

  private static void readAll(NbdBlockStore store, int count) throws IOException {
    List<ByteBuffer> buffers = new ArrayList<>();
    List<Waiter> waiters = new ArrayList<>();
    for (int n = 0; n < count; n++) {
      buffers.add(n % 2 == 0 ? ByteBuffer.allocate(4096) : ByteBuffer.allocateDirect(4096));
      waiters.add(new Waiter());
      store.readAsync(4096L * n, buffers.get(n), waiters.get(n));
    }
    for (int n = 0; n < count; n++) {
      waiters.get(n).await();
      assertThat(buffers.get(n).flip())
          .isEqualTo(ByteBuffer.wrap(ScriptedServer.content(4096L * n, 4096)));
    }
  }
}
