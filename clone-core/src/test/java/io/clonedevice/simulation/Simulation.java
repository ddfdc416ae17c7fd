package io.clonedevice.simulation;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneDeviceBuilder;
import io.clonedevice.CloneRuntime;
import io.clonedevice.CloneStatus;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.OffHeapBalance;
import io.clonedevice.simulation.Op.Loss;
import io.clonedevice.simulation.Op.Side;
import io.clonedevice.simulation.Scenario.Step;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStore.Execution;
import io.clonedevice.store.DiscardSupport;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/**
 * Runs one scenario on this thread: the whole device, its hydrator, its commits, its stores and its
 * time, and checks it against the {@link Model} all the while.
 */
final class Simulation {
  private static final int CHANCE_TO_INTERRUPT = 8;
  private static final int COMMIT_SECONDS = 2;
  private static final int IDLE_SECONDS = 20;
  private static final int IDLE_WORK_MAX = 3;

  private final Scenario scenario;
  private final Setup setup;
  private final UnaryOperator<BlockStore> destinationDefect;
  private final Scheduler scheduler;
  private final CloneRuntime runtime;
  private final Model model;
  private final Map<Side, Faults> faults = new EnumMap<>(Side.class);
  private final Requests requests;
  private SimulatedMedia media;
  private Life life;
  private int position;
  private int lives;

  /** How a run ended. */
  record Outcome(Throwable failure, long steps, long traceHash) {
    boolean failed() {
      return failure != null;
    }
  }

  private Simulation(Scenario scenario, UnaryOperator<BlockStore> destinationDefect) {
    this.scenario = scenario;
    this.setup = scenario.setup();
    this.destinationDefect = destinationDefect;
    this.scheduler =
        new Scheduler(setup.interleavePercent(), setup.agentPercent(), setup.timePercent());
    this.runtime =
        CloneRuntime.builder()
            .steppedByCaller()
            .whileWaiting(scheduler::waitingStep)
            .ioExecutor(scheduler)
            .clock(scheduler)
            .random(new Random(Mix.of(scenario.seed())))
            .build();
    this.model = new Model(setup.sectors());
    this.requests = new Requests(setup, scheduler, model, () -> life);
    this.media = new SimulatedMedia(setup);
    for (Side side : Side.values()) {
      faults.put(side, new Faults());
    }
    scheduler.agent(runtime::step);
    scheduler.interjection(this::interject);
  }

  static Outcome run(Scenario scenario) {
    return run(scenario, store -> store);
  }

  /**
   * Runs a scenario.
   *
   * @param destinationDefect put between the destination's medium and its store
   */
  static Outcome run(Scenario scenario, UnaryOperator<BlockStore> destinationDefect) {
    long offHeapBytes = OffHeapBalance.bytes();
    Simulation simulation = new Simulation(scenario, destinationDefect);
    Throwable failure = null;
    try {
      simulation.run();
      if (OffHeapBalance.bytes() != offHeapBytes) {
        failure = new AssertionError("off-heap bytes left: " + OffHeapBalance.bytes());
      }
    } catch (AssertionError | RuntimeException | StackOverflowError e) {
      failure = e;
    }
    return new Outcome(failure, simulation.scheduler.steps(), simulation.scheduler.traceHash());
  }

  private void run() {
    scheduler.reseed(scenario.seed());
    open(scenario.options());
    while (position < scenario.steps().size()) {
      Step step = scenario.steps().get(position++);
      scheduler.reseed(step.salt());
      perform(step.op());
      for (int i = 0; i < step.schedulerSteps(); i++) {
        scheduler.step();
      }
      life.checkCounters();
      scheduler.throwViolation();
    }
    scheduler.reseed(~scenario.seed());
    finish();
    runtime.close();
    scheduler.throwViolation();
  }

  /** At any step of the scheduler: a look at what a power cut would leave, or the next request. */
  private void interject() {
    if (setup.probePerMille() > 0 && scheduler.random().nextInt(1_000) < setup.probePerMille()) {
      probe();
    }
    if (!scheduler.isTopLevel()
        && life != null
        && position < scenario.steps().size()
        && scenario.steps().get(position).op().isAsynchronous()
        && scheduler.random().nextInt(CHANCE_TO_INTERRUPT) == 0) {
      perform(scenario.steps().get(position++).op());
    }
  }

  private void probe() {
    Loss loss = Loss.values()[scheduler.random().nextInt(3)];
    boolean completed = life != null && life.status().hydrationCompleted();
    try {
      SimulatedMedia.Found left = media.lookAfterPowerCut(loss, scheduler.random());
      note(model.checkDurable(left.stamps()));
      note(
          completed && left.hydratedRegions() < setup.regions()
              ? "completed, but of a power cut are left " + left.hydratedRegions() + " regions"
              : null);
    } catch (AssertionError e) {
      // Not thrown here: the device would take it for trouble of a store.
      note(e.getMessage());
    }
  }

  private void note(String violation) {
    if (violation != null) {
      scheduler.violation(violation);
    }
  }

  // ---- operations

  private void perform(Op op) {
    scheduler.trace(op.getClass().getSimpleName().hashCode());
    if (op instanceof Op.Request request) {
      requests.submit(request);
    } else if (op instanceof Op.EnableHydration enable) {
      if (enable.on()) {
        life.device().enableHydration();
      } else {
        life.device().disableHydration();
      }
    } else if (op instanceof Op.Threshold threshold) {
      life.device().hydrationThreshold(threshold.regions());
    } else if (op instanceof Op.BatchSize batchSize) {
      life.device().hydrationBatchSize(batchSize.regions());
    } else if (op instanceof Op.Fault fault) {
      faults.get(fault.side()).add(fault.operation(), fault.skip(), fault.count(), fault.effect());
    } else if (op instanceof Op.Heal) {
      faults.values().forEach(Faults::heal);
    } else if (op instanceof Op.Pass pass) {
      scheduler.pass(pass.ms());
    } else {
      performAtTopLevel(op);
    }
  }

  private void performAtTopLevel(Op op) {
    if (op instanceof Op.Suspend) {
      long began = model.now();
      life.resumes();
      if (attempt(life.device()::suspend, life.faults())) {
        model.flushed(began);
      }
      life.suspended();
    } else if (op instanceof Op.Resume) {
      resume();
    } else if (op instanceof Op.Status) {
      scheduler.waitBegins();
      life.device().status();
    } else if (op instanceof Op.ReopenReadWrite) {
      if (!life.status().suspended()) {
        reopenReadWrite();
      }
    } else if (op instanceof Op.Reopen reopen) {
      close();
      open(reopen.options());
    } else if (op instanceof Op.PowerCut cut) {
      cutPower(cut.loss());
      open(cut.options());
    } else if (op instanceof Op.Rest) {
      rest();
    }
  }

  private void resume() {
    life.resumes();
    life.device().resume();
  }

  private void reopenReadWrite() {
    boolean wasReadWrite = life.isReadWrite();
    long faultsBefore = life.faults();
    life.reopens();
    if (attempt(life.device()::reopenReadWrite, faultsBefore)) {
      if (!wasReadWrite) {
        life.reopened();
      }
      // The next commit may have failed already, before this one was told that its own had not.
      note(
          life.isReadWrite() || life.faults() > faultsBefore
              ? null
              : "reopened, but in mode " + life.status().mode());
    }
  }

  /** Something that waits. */
  private interface Call {
    void run() throws IOException;
  }

  /** Returns whether a call succeeded; one that fails must have met trouble. */
  private boolean attempt(Call call, long faultsBefore) {
    boolean readWrite = life.isReadWrite();
    scheduler.waitBegins();
    try {
      call.run();
      return true;
    } catch (IOException e) {
      boolean excused =
          life.faults() > faultsBefore
              || !readWrite
              || life.hasDestinationFlushFailed()
              || life.status().mode() != MetadataMode.READ_WRITE;
      note(excused ? null : "failed without a cause: " + e);
      return false;
    }
  }

  private void rest() {
    if (life.status().suspended()) {
      scheduler.settle();
    } else {
      scheduler.rest("all requests end", requests::haveEnded);
      scheduler.settle();
    }
    life.checkAtRest();
    scheduler.throwViolation();
    long hydrated = life.status().hydratedRegions();
    scheduler.idle(COMMIT_SECONDS);
    if (life.isReadWrite() && !life.status().suspended()) {
      long committed = media.look().hydratedRegions();
      note(committed >= hydrated ? null : "committed are " + committed + " of " + hydrated);
    }
  }

  // ---- life

  private void open(Setup.Options options) {
    for (int attempts = 0; ; attempts++) {
      Life next = new Life(scheduler, options);
      try {
        CloneDeviceBuilder builder =
            CloneDevice.builder()
                .source(store(next, Side.SOURCE, media.source(), setup.source()))
                .destination(
                    store(
                        next,
                        Side.DESTINATION,
                        destinationDefect.apply(media.destination()),
                        setup.destination()))
                .metadata(store(next, Side.METADATA, media.metadata(), setup.metadata()))
                .regionSize(setup.regionSize())
                .runtime(runtime)
                .hydration(options.hydration())
                .discardPassdown(options.passdown())
                .discardedReadsZeroes(options.readsZeroes())
                .listener(next);
        next.opened((options.suspended() ? builder.suspended() : builder).open());
        life = next;
        lives++;
        return;
      } catch (IOException e) {
        if (next.faults() == 0 || attempts > 0) {
          throw new AssertionError("does not open", e);
        }
        next.checkStoresClosed();
        faults.values().forEach(Faults::heal);
      }
    }
  }

  private BlockStore store(Life owner, Side side, BlockStore medium, Execution execution) {
    DiscardSupport discards = side == Side.DESTINATION ? setup.discards() : DiscardSupport.NONE;
    int blockSize = side == Side.METADATA ? Sectors.SIZE : setup.blockSize();
    SimulatedStore store =
        new SimulatedStore(
            side, medium, execution, blockSize, discards, faults.get(side), scheduler, owner);
    owner.add(store);
    return store;
  }

  private void close() {
    life.closes();
    boolean closed = attempt(life.device()::close, life.faults());
    note(requests.haveEnded() ? null : "requests outlive their device: " + requests);
    scheduler.settle();
    life.checkStoresClosed();
    int[] stamps = media.look().stamps();
    note(closed ? model.checkLive(stamps) : model.checkDurable(stamps));
    scheduler.throwViolation();
    model.restart(stamps, closed);
    life = null;
  }

  private void cutPower(Loss loss) {
    Life dead = life;
    life = null;
    SimulatedMedia left = media.afterPowerCut(loss, scheduler.random());
    int[] stamps = left.look().stamps();
    note(model.checkDurable(stamps));
    scheduler.throwViolation();
    dead.closes();
    dead.stores().forEach(SimulatedStore::cutPower);
    // Only so that what the process would have taken with it is given back.
    scheduler.waitBegins();
    try {
      dead.device().close();
    } catch (IOException e) {
      scheduler.trace(1);
    }
    scheduler.settle();
    dead.checkStoresClosed();
    note(requests.haveEnded() ? null : "requests outlive their device: " + requests);
    model.restart(stamps, true);
    media = left;
  }

  /** Once all is well again the device does what it is for: hydrates, and then rests. */
  private void finish() {
    faults.values().forEach(Faults::heal);
    if (life.status().suspended()) {
      resume();
    }
    rest();
    if (life.status().mode() == MetadataMode.FAIL || life.hasDestinationFlushFailed()) {
      Setup.Options options = life.options();
      close();
      open(options.resumed());
    } else if (!life.isReadWrite()) {
      reopenReadWrite();
      note(life.isReadWrite() ? null : "all is well, but the mode is " + life.status().mode());
    }
    // Only what is off is turned on, so that a wake-up that was lost before stays lost.
    if (!life.status().hydrationEnabled()) {
      life.device().enableHydration();
    }
    if (life.status().hydrationThreshold() == 0) {
      life.device().hydrationThreshold(1);
    }
    scheduler.rest("hydration", () -> life.status().hydrationCompleted());
    scheduler.settle();
    life.checkAtRest();
    CompletableFuture<Void> hydrated = life.device().hydrated();
    note(hydrated.isDone() && !hydrated.isCompletedExceptionally() ? null : "hydrated, untold");
    // A device that was closed is looked at once more, when it had asked for it.
    int worked = scheduler.idle(IDLE_SECONDS);
    note(worked <= IDLE_WORK_MAX + lives ? null : "idle, but worked " + worked + " times");
    requests.submit(new Op.Read(0, setup.sectors(), false));
    rest();
    CloneStatus status = life.status();
    note(status.hydratedRegions() == setup.regions() ? null : "done, but " + status);
    requests.submit(new Op.Read(0, setup.sectors(), true));
    close();
  }
}
