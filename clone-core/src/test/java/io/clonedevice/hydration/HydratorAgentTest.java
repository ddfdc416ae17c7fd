package io.clonedevice.hydration;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.engine.CloneEngine;
import io.clonedevice.engine.EngineEvents;
import io.clonedevice.engine.Waiting;
import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** How the agent comes to know a device, and forgets it. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class HydratorAgentTest {
  private static final int REGION = 4096;
  private static final int SIZE = 4 * REGION;
  private static final long PERIOD_NS = 1_000_000;
  private static final Set<Thread.State> STANDS =
      EnumSet.of(Thread.State.BLOCKED, Thread.State.TERMINATED);

  private final AtomicLong nowNs = new AtomicLong();
  private final HydratorAgent agent = new HydratorAgent(nowNs::get, new Random(1));
  private final ArrayDeque<Runnable> copies = new ArrayDeque<>();
  private CloneMetadata metadata;
  private CloneEngine engine;

  @BeforeEach
  void makeEngine() throws IOException {
    metadata =
        CloneMetadata.open(
            new BlockStoreMetadataDevice(new MemoryBlockStore(MetadataSize.forRegions(4))),
            new RegionGeometry(SIZE, REGION));
    engine =
        new CloneEngine(
            new MemoryBlockStore(SIZE),
            new MemoryBlockStore(SIZE),
            metadata,
            Runnable::run,
            copies::add,
            Waiting.parked(),
            new CloneEngine.Options(false, false),
            new EngineEvents() {
              @Override
              public void modeChanged(MetadataMode mode, Throwable cause) {}

              @Override
              public void hydrationCompleted() {}
            });
  }

  @AfterEach
  void closeMetadata() throws IOException {
    metadata.close();
  }

  private DeviceHydrator hydrator(HydratorAgent ofAgent) {
    return ofAgent.hydrate(
        engine, Hydration.background().threshold(1).batchSize(1), new IgnoredEvents());
  }

  private void step() {
    while (agent.doWork() > 0) {
      // Until it has nothing to do.
    }
  }

  /** The agent serves other devices while this one is being opened. */
  @Test
  void nothingIsCopiedBeforeTheEngineHasStarted() {
    DeviceHydrator hydrator = hydrator(agent);
    hydrator.work();
    step();
    assertThat(copies).isEmpty();

    engine.start(hydrator, false);
    step();
    assertThat(copies).isEmpty();

    hydrator.start();
    step();
    assertThat(copies).hasSize(1);
  }

  @Test
  void nothingIsCopiedOfADeviceThatIsOpenedSuspended() {
    DeviceHydrator hydrator = hydrator(agent);
    hydrator.work();
    step();
    engine.start(hydrator, true);
    hydrator.start();
    step();
    assertThat(copies).isEmpty();

    engine.resume();
    step();
    assertThat(copies).hasSize(1);
  }

  @Test
  void nothingIsKeptOfADeviceThatWasClosedBeforeItsDeadline() {
    DeviceHydrator hydrator = hydrator(agent);
    engine.start(hydrator, true);
    hydrator.start();
    hydrator.watch(PERIOD_NS, () -> {});
    step();

    hydrator.close();
    step();

    nowNs.addAndGet(PERIOD_NS);
    assertThat(agent.doWork()).isZero();
  }

  /** Two devices are opened at once. */
  @Test
  void randomnessIsDrawnByOneThreadAtATime() throws InterruptedException {
    AtomicInteger drawing = new AtomicInteger();
    AtomicInteger drawingMost = new AtomicInteger();
    AtomicReference<Thread> other = new AtomicReference<>();
    Random random =
        new Random(1) {
          private static final long serialVersionUID = 1L;

          @Override
          public long nextLong() {
            drawingMost.accumulateAndGet(drawing.incrementAndGet(), Math::max);
            Thread thread = other.getAndSet(null);
            if (thread != null) {
              thread.start();
              awaitStanding(thread);
            }
            drawing.decrementAndGet();
            return super.nextLong();
          }
        };
    HydratorAgent shared = new HydratorAgent(nowNs::get, random);
    Thread opening = new Thread(() -> hydrator(shared), "test-open");
    other.set(opening);

    hydrator(shared);
    opening.join();

    assertThat(drawingMost).hasValue(1);
  }

  /** Waits until a thread waits for a monitor, or has ended. */
  private static void awaitStanding(Thread thread) {
    while (!STANDS.contains(thread.getState())) {
      Thread.onSpinWait();
    }
  }

  private static final class IgnoredEvents implements HydrationEvents {
    @Override
    public void hydrationFailing(Throwable cause) {}

    @Override
    public void hydrationRecovered() {}

    @Override
    public void hydrationStopped(Throwable cause) {}
  }
}
