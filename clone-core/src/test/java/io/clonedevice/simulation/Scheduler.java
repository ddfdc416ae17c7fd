package io.clonedevice.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import org.agrona.concurrent.NanoClock;

/**
 * The one thread of a simulation: a seed decides which of the things that could happen now happens
 * next, be it a queued task, a completion, a duty cycle of the hydrator or the passage of time.
 *
 * <p>A call that blocks lets other things happen before it returns ({@link #interleave}): they run
 * on top of it, as other threads would beside it. What runs on top never waits for what is below.
 */
final class Scheduler implements Executor, NanoClock {
  private static final int DEPTH_MAX = 5;
  private static final int INTERLEAVED_MAX = 6;
  private static final int WAITING_MAX = 20_000;
  private static final int SPIN_MAX = 2_000;
  private static final int REST_ROUNDS_MAX = 400;
  private static final long MS = 1_000_000;
  private static final long[] TICKS = {MS / 10, MS, MS, 10 * MS, 100 * MS, 1_000 * MS};

  private final List<Runnable> ready = new ArrayList<>();
  private final int interleavePercent;
  private final int agentPercent;
  private final int timePercent;
  private IntSupplier agent = () -> 0;
  private Runnable interjection = () -> {};
  private SplittableRandom random = new SplittableRandom(0);
  // Negative, as System.nanoTime() may be.
  private long nowNs = -7_000_000_000L;
  private long steps;
  private long traceHash;
  private int depth;
  private int waited;
  private boolean agentRuns;
  private AssertionError violation;

  /**
   * Makes a scheduler.
   *
   * @param interleavePercent how often a blocking call lets something else happen
   */
  Scheduler(int interleavePercent, int agentPercent, int timePercent) {
    this.interleavePercent = interleavePercent;
    this.agentPercent = agentPercent;
    this.timePercent = timePercent;
  }

  void agent(IntSupplier dutyCycle) {
    agent = dutyCycle;
  }

  /** Run at every step, at any depth; must not wait. */
  void interjection(Runnable action) {
    interjection = action;
  }

  /** From now on decisions come from this seed, so that they do not hang on what came before. */
  void reseed(long seed) {
    random = new SplittableRandom(seed);
  }

  SplittableRandom random() {
    return random;
  }

  boolean isTopLevel() {
    return depth == 0;
  }

  long steps() {
    return steps;
  }

  long traceHash() {
    return traceHash;
  }

  /** Adds to what tells one run from another. */
  void trace(long what) {
    traceHash = Mix.of(traceHash ^ what);
  }

  /** Remembers the first thing that is wrong; it is thrown where the device cannot catch it. */
  void violation(String what) {
    if (violation == null) {
      violation = new AssertionError(what);
    }
  }

  void throwViolation() {
    if (violation != null) {
      throw violation;
    }
  }

  @Override
  public long nanoTime() {
    return nowNs;
  }

  @Override
  public void execute(Runnable task) {
    ready.add(task);
  }

  void pass(long ms) {
    nowNs += ms * MS;
  }

  /** One thing happens. */
  void step() {
    steps++;
    interjection.run();
    int dice = random.nextInt(100);
    if (dice < timePercent) {
      long tick = TICKS[random.nextInt(TICKS.length)];
      trace(tick);
      nowNs += tick;
    } else if (ready.isEmpty() || dice < timePercent + agentPercent) {
      runAgent();
    } else {
      runOne();
    }
    if (depth == 0) {
      throwViolation();
    }
  }

  private void runOne() {
    int index = random.nextBoolean() ? 0 : random.nextInt(ready.size());
    trace(index);
    ready.remove(index).run();
  }

  private int runAgent() {
    if (agentRuns) {
      return 0;
    }
    agentRuns = true;
    try {
      int worked = agent.getAsInt();
      trace(1_000 + worked);
      return worked;
    } finally {
      agentRuns = false;
    }
  }

  /** Called in the middle of a blocking call: other threads go on. */
  void interleave() {
    if (depth < DEPTH_MAX) {
      depth++;
      try {
        for (int i = 0; i < INTERLEAVED_MAX && random.nextInt(100) < interleavePercent; i++) {
          step();
        }
      } finally {
        depth--;
      }
    }
  }

  /** What the runtime does while the one thread waits. */
  void waitingStep() {
    if (++waited > WAITING_MAX) {
      violation("somebody waits for ever");
    }
    throwViolation();
    depth++;
    try {
      step();
    } finally {
      depth--;
    }
  }

  void waitBegins() {
    waited = 0;
  }

  /** Runs all that can be done now. */
  void settle() {
    int spins = 0;
    while (true) {
      throwViolation();
      steps++;
      interjection.run();
      if (!ready.isEmpty()) {
        runOne();
      } else if (runAgent() == 0) {
        return;
      } else if (++spins > SPIN_MAX) {
        throw new AssertionError("the device spins: it has work for ever while time stands");
      }
    }
  }

  /** Runs until something has come about that must come about by itself. */
  void rest(String what, BooleanSupplier until) {
    long tickNs = MS;
    settle();
    for (int round = 0; !until.getAsBoolean(); round++) {
      if (round == REST_ROUNDS_MAX) {
        throw new AssertionError("the device rests, but never: " + what);
      }
      nowNs += tickNs;
      tickNs = Math.min(1_000 * MS, tickNs + tickNs / 8);
      settle();
    }
  }

  /** Lets time pass in which there should be nothing to do; returns how much was done. */
  int idle(int seconds) {
    int worked = 0;
    for (int i = 0; i < seconds; i++) {
      pass(1_000);
      worked += runAgent();
      settle();
    }
    return worked;
  }
}
