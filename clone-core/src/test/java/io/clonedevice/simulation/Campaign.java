package io.clonedevice.simulation;

import io.clonedevice.store.BlockStore;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Runs one seed after the other, and makes the first that fails small. */
final class Campaign {
  private final UnaryOperator<BlockStore> destinationDefect;
  private long seeds;
  private long steps;
  private long elapsedNs;
  private Scenario failed;
  private Scenario smallest;
  private Throwable failure;

  Campaign(UnaryOperator<BlockStore> destinationDefect) {
    this.destinationDefect = destinationDefect;
  }

  /** Runs until so many seeds are done, or, if there is a time, until that is over. */
  void run(long firstSeed, long seedCount, Duration time) {
    Silence.during(() -> runAll(firstSeed, seedCount, time));
  }

  private void runAll(long firstSeed, long seedCount, Duration time) {
    long start = System.nanoTime();
    while (failed == null && (time == null ? seeds < seedCount : elapsedNs < time.toNanos())) {
      runOne(firstSeed + seeds++);
      elapsedNs = System.nanoTime() - start;
    }
  }

  private void runOne(long seed) {
    Scenario scenario = Scenario.random(seed);
    Simulation.Outcome outcome = Simulation.run(scenario, destinationDefect);
    steps += outcome.steps();
    if (outcome.failed()) {
      failed = scenario;
      smallest =
          Shrinker.shrink(
              scenario, candidate -> Simulation.run(candidate, destinationDefect).failed());
      failure = Simulation.run(smallest, destinationDefect).failure();
    }
  }

  boolean hasFailed() {
    return failed != null;
  }

  long seeds() {
    return seeds;
  }

  Scenario failed() {
    return failed;
  }

  Scenario smallest() {
    return smallest;
  }

  /** What went wrong, how to see it again, and the shortest history that was found. */
  String report() {
    String trace =
        Arrays.stream(failure.getStackTrace())
            .filter(frame -> frame.getClassName().startsWith("io.clonedevice."))
            .map(frame -> "    at " + frame + "\n")
            .collect(Collectors.joining());
    return "seed "
        + failed.seed()
        + " fails; rerun: mvn test -pl clone-core -am -Dtest=SimulationTest"
        + " -Dsurefire.failIfNoSpecifiedTests=false -Dclone.simulation.seeds=1 -Dclone.seed="
        + failed.seed()
        + "\nof its "
        + failed.steps().size()
        + " operations these are enough:\n"
        + smallest.program()
        + failure
        + "\n"
        + trace;
  }

  @Override
  public String toString() {
    double seconds = elapsedNs / 1e9;
    return String.format(
        "simulation: %d seeds, %d steps in %.1f s, %.0f seeds/s",
        seeds, steps, seconds, seeds / seconds);
  }
}
