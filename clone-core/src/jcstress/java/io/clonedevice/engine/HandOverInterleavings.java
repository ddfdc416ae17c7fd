package io.clonedevice.engine;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.IoCompletion;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** The ends of parts, steps and rounds meet on different threads. */
public final class HandOverInterleavings {
  private static final int REGION = 4096;
  private static final int FLUSH_SPINS = 50;
  private static final MemoryBlockStore MEDIUM = new MemoryBlockStore(REGION);
  private static final CloneMetadata METADATA = newMetadata();
  private static final EngineEvents NO_EVENTS =
      new EngineEvents() {
        @Override
        public void modeChanged(MetadataMode mode, Throwable cause) {}

        @Override
        public void hydrationCompleted() {}
      };
  private static final CloneEngine ENGINE =
      new CloneEngine(
          new MemoryBlockStore(REGION),
          MEDIUM,
          METADATA,
          Runnable::run,
          Runnable::run,
          Waiting.parked(),
          new CloneEngine.Options(false, false),
          NO_EVENTS);

  private HandOverInterleavings() {}

  private static CloneMetadata newMetadata() {
    try {
      return CloneMetadata.open(
          new BlockStoreMetadataDevice(new MemoryBlockStore(MetadataSize.forRegions(1))),
          new RegionGeometry(REGION, REGION));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The last part to end ends the request, once, and a failure of either is its failure. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "ended once, failed")
  @Outcome(expect = FORBIDDEN, desc = "not ended, ended twice, or the failure is lost")
  @State
  public static class LastPartOfARequest {
    // By the thread that ends the request.
    private int ends;
    private final Request request;

    public LastPartOfARequest() {
      ENGINE.gate().tryEnter();
      request =
          new Request(ENGINE, Runnable::run, RequestRouter.Route.NOWHERE, 0, 0, null, false) {
            @Override
            void ended() {
              ends++;
            }
          };
      request.addPart();
    }

    @Actor
    public void one() {
      request.completed(null);
    }

    @Actor
    public void other() {
      request.completed(new IOException("one part fails"));
    }

    @Arbiter
    public void look(II_Result r) {
      r.r1 = ends;
      r.r2 = request.isCompletedExceptionally() ? 1 : 0;
    }
  }

  /** A step ends on another thread while the one that began it returns. */
  @JCStressTest
  @Outcome(id = "1, 0, 7", expect = ACCEPTABLE, desc = "ended once, with the bytes")
  @Outcome(expect = FORBIDDEN, desc = "not ended, steps overlapped, or the bytes are missing")
  @State
  public static class StepOfACopy {
    private final byte[] copied = new byte[1];
    private volatile IoCompletion reading;
    private ByteBuffer target;
    private int ends;
    private int failures;
    private final CopyTask task;

    public StepOfACopy() {
      BlockStore source =
          new FilterBlockStore(MEDIUM) {
            @Override
            public Execution execution() {
              return Execution.ASYNCHRONOUS;
            }

            @Override
            public void readAsync(long offset, ByteBuffer buffer, IoCompletion completion) {
              target = buffer;
              reading = completion;
            }
          };
      BlockStore destination =
          new FilterBlockStore(MEDIUM) {
            @Override
            public void write(long offset, ByteBuffer buffer) {
              copied[0] = buffer.get(0);
            }
          };
      task =
          new CopyTask(
              new StoreAccess(source, false),
              new StoreAccess(destination, false),
              Runnable::run,
              0,
              REGION,
              null,
              0,
              failure -> {
                ends++;
                failures += failure == null ? 0 : 1;
              });
    }

    @Actor
    public void copier() {
      task.start();
    }

    @Actor
    public void store() {
      while (reading == null) {
        Thread.onSpinWait();
      }
      target.put(0, (byte) 7);
      reading.completed(null);
    }

    @Arbiter
    public void look(III_Result r) {
      r.r1 = ends;
      r.r2 = failures;
      r.r3 = copied[0];
    }
  }

  /** A pipeline whose destination remembers what had been written when it was flushed. */
  private static final class Pipeline {
    private volatile int written;
    // By the one thread that runs a round; edge: the pipeline's lock.
    private int durable;
    private final CommitPipeline rounds =
        new CommitPipeline(
            METADATA,
            new FilterBlockStore(MEDIUM) {
              @Override
              public void flush() {
                durable = written;
                // Time for another flush to arrive.
                for (int i = 0; i < FLUSH_SPINS; i++) {
                  Thread.onSpinWait();
                }
              }
            },
            NO_EVENTS,
            () -> {},
            Waiting.parked());

    synchronized void write(int bit) {
      written |= bit;
    }

    IoCompletion tells(int bit, int[] outcome) {
      return failure -> outcome[0] = (durable & bit) != 0 ? 1 : 2;
    }
  }

  /** A flush that is submitted while a round runs has a round of its own, after its write. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "both ended, both durable")
  @Outcome(
      id = {"0, 1", "1, 0", "0, 0"},
      expect = FORBIDDEN,
      desc = "a flush is lost")
  @Outcome(expect = FORBIDDEN, desc = "acknowledged, and not durable")
  @State
  public static class FlushDuringARound {
    private final Pipeline pipeline = new Pipeline();
    private final int[] one = new int[1];
    private final int[] other = new int[1];

    @Actor
    public void one() {
      pipeline.write(1);
      pipeline.rounds.flush(pipeline.tells(1, one), Runnable::run);
    }

    @Actor
    public void other() {
      pipeline.write(2);
      pipeline.rounds.flush(pipeline.tells(2, other), Runnable::run);
    }

    @Arbiter
    public void look(II_Result r) {
      r.r1 = one[0];
      r.r2 = other[0];
    }
  }

  /** As before, with one who waits and leads a round itself. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "both ended, both durable")
  @Outcome(
      id = {"0, 1", "1, 0", "0, 0"},
      expect = FORBIDDEN,
      desc = "a flush is lost")
  @Outcome(expect = FORBIDDEN, desc = "acknowledged, and not durable")
  @State
  public static class BlockingFlushDuringARound {
    private final Pipeline pipeline = new Pipeline();
    private final int[] other = new int[1];

    @Actor
    public void one(II_Result r) {
      pipeline.write(1);
      try {
        pipeline.rounds.flushBlocking(Runnable::run);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      r.r1 = (pipeline.durable & 1) != 0 ? 1 : 2;
    }

    @Actor
    public void other() {
      pipeline.write(2);
      pipeline.rounds.flush(pipeline.tells(2, other), Runnable::run);
    }

    @Arbiter
    public void look(II_Result r) {
      r.r2 = other[0];
    }
  }
}
