package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** When a link pauses before it connects again; each pause is a draw from the link's generator. */
@Timeout(60)
class ReconnectPauseTest {
  private static final NbdOptions OPTIONS =
      NbdOptions.defaults().connections(1).reconnectDelayMax(Duration.ofMillis(64));

  @TempDir private Path directory;

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
            });
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

  private ScriptedServer server(ScriptedServer.Script script) throws IOException {
    return new ScriptedServer(directory, ScriptedServer.ALL_FLAGS, true, script);
  }
}
