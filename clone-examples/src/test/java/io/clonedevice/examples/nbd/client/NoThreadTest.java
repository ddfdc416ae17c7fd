package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An {@link Error}, such as that there is no memory for a thread, is a failed attempt. */
@Timeout(60)
class NoThreadTest {
  private static final String NO_MEMORY = "unable to create native thread";
  private static final NbdOptions OPTIONS =
      NbdOptions.defaults()
          .connections(1)
          .reconnectDelayMax(Duration.ofMillis(20))
          .patience(Duration.ofSeconds(20));

  @TempDir private Path directory;

  @Test
  void linkGoesOnWhenTheReadingThreadCannotBeStarted() throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    try (ScriptedServer server =
            server(
                (peer, connection) -> {
                  if (connection > 0) {
                    peer.behave();
                  }
                  peer.handshake();
                  peer.hang();
                  closed.countDown();
                });
        NbdBlockStore store =
            new NbdBlockStore(server.uri(), true, state(failsToStart("-replies")))) {
      HostileServerTest.assertReads(store, 0, 512);
      closed.await();
    }
  }

  @Test
  void errorBeforeTheFirstHandshakeFailsTheOpening() throws Exception {
    StoreState state =
        new StoreState(
            OPTIONS,
            () -> {
              if (Thread.currentThread().getName().endsWith("-1")) {
                throw new OutOfMemoryError(NO_MEMORY);
              }
              return 0;
            },
            RandomGenerator::getDefault,
            Thread::new);
    try (ScriptedServer server = server((peer, connection) -> peer.behave())) {
      CompletableFuture<NbdBlockStore> opening =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return new NbdBlockStore(server.uri(), true, state);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      assertThatThrownBy(() -> opening.get(20, TimeUnit.SECONDS))
          .hasStackTraceContaining(server.uri() + ": " + NO_MEMORY);
    }
  }

  @Test
  void openingWithoutAThreadForTheLinkLeavesNone() throws Exception {
    try (ScriptedServer server = server((peer, connection) -> peer.behave())) {
      StoreState state = state(failsToStart("-1"));
      assertThatThrownBy(() -> new NbdBlockStore(server.uri(), true, state))
          .isInstanceOf(OutOfMemoryError.class)
          .hasMessage(NO_MEMORY);
      assertThat(ReconnectTest.threads()).isEmpty();
    }
  }

  private static StoreState state(ThreadFactory threads) {
    return new StoreState(OPTIONS, System::nanoTime, RandomGenerator::getDefault, threads);
  }

  /** Makes threads of which the first one with such a name cannot be started. */
  private static ThreadFactory failsToStart(String nameEnd) {
    AtomicInteger failures = new AtomicInteger(1);
    return body ->
        new Thread(body) {
          @Override
          public synchronized void start() {
            if (getName().endsWith(nameEnd) && failures.getAndDecrement() > 0) {
              throw new OutOfMemoryError(NO_MEMORY);
            }
            super.start();
          }
        };
  }

  private ScriptedServer server(ScriptedServer.Script script) throws IOException {
    return new ScriptedServer(directory, ScriptedServer.ALL_FLAGS, true, script);
  }
}
