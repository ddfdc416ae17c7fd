package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.examples.nbd.NbdError;
import io.clonedevice.examples.nbd.NbdReply;
import io.clonedevice.examples.nbd.client.ScriptedServer.Peer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** When a link pauses before it connects again; each pause is a draw from the link's generator. */
@Timeout(60)
class ReconnectPauseTest {
  private static final NbdOptions OPTIONS =
      NbdOptions.defaults().connections(1).reconnectDelayMax(Duration.ofMillis(64));

  @TempDir private Path directory;

  /** What the pauses were drawn from, in their order. */
  private final List<Long> draws = new CopyOnWriteArrayList<>();

  private final AtomicLong nowNs = new AtomicLong();

  /** Ways to be of no use after a handshake that succeeds. */
  enum Useless {
    CLOSES(peer -> {}),
    IS_ENDING(peer -> peer.simple(NbdError.ESHUTDOWN.code(), peer.next().cookie())),
    ANSWERS_IN_PART(
        peer -> peer.chunkHeader(0, NbdReply.OFFSET_DATA, peer.next().cookie(), 8 + 512));

    private final Play play;

    Useless(Play play) {
      this.play = play;
    }

    /** What is done instead of answering. */
    interface Play {
      void on(Peer peer) throws IOException;
    }
  }

  @ParameterizedTest
  @EnumSource(Useless.class)
  void pausesGrowAsLongAsHandshakesSucceedAndNothingIsAnswered(Useless useless) throws Exception {
    int inVain = 4;
    try (ScriptedServer server =
            server(
                (peer, connection) -> {
                  if (connection == inVain) {
                    peer.behave();
                  }
                  peer.handshake();
                  useless.play.on(peer);
                });
        NbdBlockStore store = store(server)) {
      HostileServerTest.assertReads(store, 0, 512);
      assertThat(draws).hasSize(inVain).isSorted().doesNotHaveDuplicates();
    }
  }

  @Test
  void sessionThatAnsweredIsFollowedAtOnceAndMakesTheNextPauseTheShortest() throws Exception {
    try (ScriptedServer server =
            server(
                (peer, connection) -> {
                  boolean ofUse = connection == 2 || connection == 4;
                  if (connection == 6) {
                    peer.behave();
                  }
                  peer.handshake();
                  if (ofUse) {
                    peer.answer(peer.next());
                  }
                });
        NbdBlockStore store = store(server)) {
      HostileServerTest.assertReads(store, 0, 512); // the third connection's
      HostileServerTest.assertReads(store, 0, 512); // the fifth's
      HostileServerTest.assertReads(store, 0, 512);
      assertThat(draws).hasSize(4);
      assertThat(draws.subList(2, 4)).containsExactly(draws.get(0), draws.get(0));
    }
  }

  @Test
  void sessionThatLastedIsFollowedAtOnce() throws Exception {
    try (ScriptedServer server =
            server(
                (peer, connection) -> {
                  if (connection > 0) {
                    peer.behave();
                  }
                  peer.handshake();
                  peer.next();
                  nowNs.addAndGet(OPTIONS.reconnectDelayMaxNs());
                });
        NbdBlockStore store = store(server)) {
      HostileServerTest.assertReads(store, 0, 512);
      assertThat(draws).isEmpty();
    }
  }

  @Test
  void noTwoLinksDrawFromOneGenerator() throws Exception {
    int links = 3;
    Set<Thread> drawing = ConcurrentHashMap.newKeySet();
    List<Set<Thread>> threadsOfGenerators = new CopyOnWriteArrayList<>();
    StoreState state =
        new StoreState(
            OPTIONS.connections(links),
            System::nanoTime,
            () -> {
              Set<Thread> threads = ConcurrentHashMap.newKeySet();
              threadsOfGenerators.add(threads);
              return () -> {
                threads.add(Thread.currentThread());
                drawing.add(Thread.currentThread());
                return 0;
              };
            },
            Thread::new);
    try (ScriptedServer server =
            server(
                (peer, connection) -> {
                  if (connection == 0) {
                    peer.handshake();
                  } else if (drawing.size() == links) {
                    peer.behave();
                  }
                });
        NbdBlockStore store = new NbdBlockStore(server.uri(), true, state)) {
      HostileServerTest.assertReads(store, 0, 512); // once every link has drawn
      assertThat(threadsOfGenerators).allSatisfy(threads -> assertThat(threads).hasSize(1));
    }
  }

  private NbdBlockStore store(ScriptedServer server) throws IOException {
    RandomGenerator recorder =
        new RandomGenerator() {
          @Override
          public long nextLong(long bound) {
            draws.add(bound);
            return 0;
          }

          @Override
          public long nextLong() {
            throw new AssertionError("a draw without a bound");
          }
        };
    return new NbdBlockStore(
        server.uri(), true, new StoreState(OPTIONS, nowNs::get, () -> recorder, Thread::new));
  }

  private ScriptedServer server(ScriptedServer.Script script) throws IOException {
    return new ScriptedServer(directory, ScriptedServer.ALL_FLAGS, true, script);
  }
}
