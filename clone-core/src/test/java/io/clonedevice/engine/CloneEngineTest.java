package io.clonedevice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.Extent;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** Moments between two steps of the engine, in which another thread comes. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class CloneEngineTest {
  private static final int REGION = 4096;
  private static final Set<Thread.State> STANDS =
      EnumSet.of(Thread.State.BLOCKED, Thread.State.TERMINATED);

  private static final BackgroundChoice ANY =
      new BackgroundChoice() {
        @Override
        public long firstAllowedFrom(long region) {
          return region;
        }

        @Override
        public long regionCountMax(long region) {
          return 1;
        }
      };

  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicBoolean flushedAfterClose = new AtomicBoolean();
  private final AtomicBoolean completed = new AtomicBoolean();
  private BlockStore source = new MemoryBlockStore(4 * REGION);
  private Runnable onUnhydratedRead = () -> {};
  private CloneMetadata metadata;

  @BeforeEach
  void openMetadata() throws IOException {
    metadata =
        CloneMetadata.open(
            new BlockStoreMetadataDevice(new MemoryBlockStore(MetadataSize.forRegions(4))),
            new RegionGeometry(4 * REGION, REGION));
  }

  @AfterEach
  void closeMetadata() throws IOException {
    metadata.close();
  }

  private CloneEngine startedEngine(Waiting waiting) {
    CloneEngine engine =
        new CloneEngine(
            source,
            new FilterBlockStore(new MemoryBlockStore(4 * REGION)) {
              @Override
              public void flush() {
                flushedAfterClose.compareAndSet(false, closed.get());
              }
            },
            metadata,
            Runnable::run,
            Runnable::run,
            waiting,
            new CloneEngine.Options(false, false),
            new EngineEvents() {
              @Override
              public void modeChanged(MetadataMode mode, Throwable cause) {}

              @Override
              public void hydrationCompleted() {
                completed.set(true);
              }
            });
    engine.start(new Signals(), false);
    return engine;
  }

  /** Waits until a thread waits for a monitor, or has ended. */
  private static void awaitStanding(Thread thread) {
    while (!STANDS.contains(thread.getState())) {
      Thread.onSpinWait();
    }
  }

  /** The hydrator may have looked whether the device is suspended just before it was. */
  @Test
  void noClaimForABackgroundCopyIsGivenOutFromSuspendToResume() throws IOException {
    CloneEngine engine = startedEngine(Waiting.parked());

    engine.suspend();
    assertThat(engine.claimForBackgroundCopy(0, ANY)).isNull();

    engine.resume();
    assertThat(engine.claimForBackgroundCopy(0, ANY)).isNotNull();
  }

  /** Close is called while a suspend waits for a copy, and gets as far as it can before it ends. */
  @Test
  void closeWaitsForASuspendThatHasStillToFlush() throws Exception {
    AtomicReference<CloneEngine> engine = new AtomicReference<>();
    AtomicReference<Claim> copy = new AtomicReference<>();
    Thread closing =
        new Thread(
            () -> {
              try {
                engine.get().close();
                closed.set(true);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            },
            "test-close");
    Runnable stepOfWhoWaits =
        () -> {
          if (closing.getState() == Thread.State.NEW) {
            closing.start();
            awaitStanding(closing);
          }
          Claim claim = copy.getAndSet(null);
          if (claim != null) {
            engine.get().copyInBackground(claim, 1, failure -> {});
          }
        };
    engine.set(startedEngine(Waiting.stepping(stepOfWhoWaits)));
    copy.set(engine.get().claimForBackgroundCopy(0, ANY));

    engine.get().suspend();
    closing.join();

    assertThat(closed).as("closed").isTrue();
    assertThat(flushedAfterClose).as("flushed after the close").isFalse();
  }

  /** It leaves before its future completes, as what depends on that may close the device. */
  @Test
  void closeWaitsForTheFutureOfARequestThatHasLeft() throws Exception {
    CountDownLatch left = new CountDownLatch(1);
    CountDownLatch told = new CountDownLatch(1);
    CloneEngine engine = startedEngine(Waiting.stepping(told::countDown));
    Request request =
        new Request(engine, Runnable::run, RequestRouter.Route.NOWHERE, 0, 0, null, false) {
          @Override
          public boolean complete(Void nothing) {
            left.countDown();
            try {
              told.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            return super.complete(nothing);
          }
        };
    assertThat(engine.gate().tryEnter()).isTrue();
    Thread ending = new Thread(() -> request.completed(null), "test-end-of-a-request");
    ending.start();
    left.await();

    engine.close();

    boolean done = request.isDone();
    told.countDown();
    ending.join();
    assertThat(done).as("done when close returned").isTrue();
  }

  /** A mark has to wait for whoever holds the map; who comes meanwhile must find the claim. */
  @Test
  void regionIsMarkedBeforeItsClaimEnds() throws Exception {
    CloneEngine engine = startedEngine(Waiting.parked());
    Claim claim = engine.claimForBackgroundCopy(0, ANY);
    Thread copying =
        new Thread(() -> engine.copyInBackground(claim, 1, failure -> {}), "test-background-copy");

    synchronized (metadata.regionMap()) {
      copying.start();
      awaitStanding(copying);
      assertThat(metadata.regionMap().isHydrated(0)).isFalse();
      assertThat(engine.claims().isEmpty()).as("released").isFalse();
    }
    copying.join();

    assertThat(metadata.regionMap().isHydrated(0)).isTrue();
    assertThat(engine.claims().isEmpty()).isTrue();
  }

  /** One who reads has seen a region unhydrated, and is held up; the rest is hydrated meanwhile. */
  @Test
  void blockingReadThatIsOvertakenByTheLastCommitNeedsNoSource() throws IOException {
    AtomicBoolean readTooLate = new AtomicBoolean();
    source =
        new FilterBlockStore(source) {
          @Override
          public void read(long offset, ByteBuffer target) throws IOException {
            readTooLate.compareAndSet(false, completed.get());
            super.read(offset, target);
          }
        };
    CloneEngine engine = startedEngine(Waiting.parked());
    onUnhydratedRead = () -> hydrateAll(engine);
    ByteBuffer target = ByteBuffer.allocate(512);

    engine.blocking().read(REGION, target);

    assertThat(completed).as("completed").isTrue();
    assertThat(readTooLate).as("read when it was told that nobody would").isFalse();
    assertThat(target.get(0)).isEqualTo((byte) 7);
  }

  @Test
  void queryOfTheSourcePutsOffTheEndOfHydration() throws IOException {
    AtomicReference<CloneEngine> engine = new AtomicReference<>();
    AtomicBoolean askedTooLate = new AtomicBoolean();
    source =
        new FilterBlockStore(source) {
          @Override
          public Extent extentAt(long offset, long length) throws IOException {
            hydrateAll(engine.get());
            askedTooLate.set(completed.get());
            return super.extentAt(offset, length);
          }
        };
    engine.set(startedEngine(Waiting.parked()));

    engine.get().ranges().extentAt(REGION, REGION);

    assertThat(askedTooLate).as("asked when it was told that nobody would").isFalse();
    assertThat(completed).as("completed").isTrue();
  }

  private static void hydrateAll(CloneEngine engine) {
    byte[] bytes = new byte[4 * REGION];
    Arrays.fill(bytes, (byte) 7);
    try {
      engine.blocking().write(0, ByteBuffer.wrap(bytes), true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final class Signals implements HydrationSignals {
    @Override
    public void work() {}

    @Override
    public void changed() {}

    @Override
    public void unhydratedRead(long firstRegion, long count) {
      onUnhydratedRead.run();
    }

    @Override
    public void wantedSoon(long firstRegion, long count) {}
  }
}
