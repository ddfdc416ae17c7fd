package io.clonedevice.simulation;

import io.clonedevice.simulation.Op.Loss;
import io.clonedevice.simulation.Op.Side;
import io.clonedevice.store.BlockIoException.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A history to be: drawn from a seed, or what the shrinker left of one. */
record Scenario(long seed, Setup setup, Setup.Options options, List<Step> steps) {
  private static final int KINDS = 17;
  private static final int OPS_MAX = 50;

  /**
   * One op, and how long the scheduler then goes on before the next one.
   *
   * @param salt decides what the scheduler does from this op to the next
   */
  record Step(Op op, int schedulerSteps, long salt) {}

  Scenario {
    steps = List.copyOf(steps);
  }

  static Scenario random(long seed) {
    SplittableRandom random = new SplittableRandom(Mix.of(seed));
    Setup setup = Setup.random(random);
    int[] weights = new int[KINDS];
    for (int kind = 0; kind < KINDS; kind++) {
      // What ends a life or makes a store sick is rarer than what fills a life.
      weights[kind] = random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(kind < 4 ? 24 : 6);
    }
    int total = 0;
    for (int weight : weights) {
      total += weight;
    }
    int patience = 1 + random.nextInt(30);
    Setup.Options options = Setup.Options.random(random);
    List<Step> steps = new ArrayList<>();
    int count = 1 + random.nextInt(OPS_MAX);
    for (int i = 0; total > 0 && i < count; i++) {
      int dice = random.nextInt(total);
      int kind = 0;
      while (dice >= weights[kind]) {
        dice -= weights[kind++];
      }
      int schedulerSteps = random.nextInt(3) == 0 ? 0 : random.nextInt(patience);
      steps.add(new Step(op(kind, setup, random), schedulerSteps, random.nextLong()));
    }
    return new Scenario(seed, setup, options, steps);
  }

  private static Op op(int kind, Setup setup, SplittableRandom random) {
    return switch (kind) {
      case 0, 1, 2, 3 -> request(kind, setup, random);
      case 4 -> new Op.EnableHydration(true);
      case 5 -> new Op.EnableHydration(false);
      case 6 -> new Op.Threshold(random.nextInt(6));
      case 7 -> new Op.BatchSize(random.nextInt(6));
      case 8 -> new Op.Suspend();
      case 9 -> new Op.Resume();
      case 10 -> new Op.Status();
      case 11 -> new Op.ReopenReadWrite();
      case 12 -> fault(random);
      case 13 -> new Op.Heal();
      case 14 -> random.nextInt(3) == 0 ? new Op.Rest() : new Op.Pass(1 << random.nextInt(12));
      case 15 -> new Op.Reopen(Setup.Options.random(random));
      default -> new Op.PowerCut(Loss.values()[random.nextInt(3)], Setup.Options.random(random));
    };
  }

  private static Op request(int kind, Setup setup, SplittableRandom random) {
    int block = setup.sectorsPerBlock();
    int region = setup.sectorsPerRegion();
    int first = random.nextInt(setup.sectors() / block) * block;
    if (random.nextBoolean()) {
      first = first / region * region;
    }
    int count =
        switch (random.nextInt(4)) {
          case 0 -> block;
          case 1 -> region * (1 + random.nextInt(4));
          case 2 -> setup.sectors();
          default -> block * (1 + random.nextInt(3 * region / block));
        };
    count = Math.min(count, setup.sectors() - first);
    boolean blocking = random.nextInt(4) == 0;
    return switch (kind) {
      case 0 -> new Op.Read(first, count, blocking);
      case 1 -> new Op.Write(first, count, random.nextInt(4) == 0, blocking);
      case 2 -> new Op.Discard(first, count, blocking);
      default -> new Op.Flush(blocking);
    };
  }

  private static Op fault(SplittableRandom random) {
    Side side = Side.values()[random.nextInt(3)];
    Operation[] operations =
        side == Side.SOURCE
            ? new Operation[] {Operation.READ}
            : new Operation[] {
              Operation.READ, Operation.WRITE, Operation.WRITE, Operation.FLUSH, Operation.DISCARD
            };
    int count =
        switch (random.nextInt(4)) {
          case 0 -> Integer.MAX_VALUE;
          case 1 -> 2 + random.nextInt(8);
          default -> 1;
        };
    return new Op.Fault(
        side,
        operations[random.nextInt(operations.length)],
        random.nextInt(6),
        count,
        Faults.Effect.values()[random.nextInt(3)]);
  }

  Scenario with(List<Step> fewer) {
    return new Scenario(seed, setup, options, fewer);
  }

  /** The history as a short program. */
  String program() {
    StringBuilder text = new StringBuilder(setup + "\nopen " + options + "\n");
    for (Step step : steps) {
      text.append("  ").append(step.op()).append(", then ").append(step.schedulerSteps());
      text.append(" steps of ").append(Long.toHexString(step.salt())).append('\n');
    }
    return text.toString();
  }
}
