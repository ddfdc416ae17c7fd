package io.clonedevice.simulation;

import io.clonedevice.simulation.Scenario.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Makes a scenario that fails smaller, for as long as it fails: leaves out runs of steps, half of
 * them first and single ones in the end, and then lets the scheduler go less far between the steps.
 */
final class Shrinker {
  private final Predicate<Scenario> fails;
  private Scenario smallest;

  private Shrinker(Scenario failing, Predicate<Scenario> fails) {
    this.smallest = failing;
    this.fails = fails;
  }

  /** Returns a smaller scenario that fails, or the same one. */
  static Scenario shrink(Scenario failing, Predicate<Scenario> fails) {
    Shrinker shrinker = new Shrinker(failing, fails);
    int before;
    do {
      before = shrinker.size();
      shrinker.leaveOutSteps();
      shrinker.leaveOutScheduling();
    } while (shrinker.size() < before);
    return shrinker.smallest;
  }

  private int size() {
    int size = 0;
    for (Step step : smallest.steps()) {
      size += 1 + step.schedulerSteps();
    }
    return size;
  }

  private void leaveOutSteps() {
    for (int run = Math.max(1, smallest.steps().size() / 2); run >= 1; run /= 2) {
      int from = 0;
      while (from < smallest.steps().size()) {
        List<Step> fewer = new ArrayList<>(smallest.steps());
        fewer.subList(from, Math.min(fewer.size(), from + run)).clear();
        if (!tries(fewer)) {
          from += run;
        }
      }
    }
  }

  private void leaveOutScheduling() {
    for (int i = 0; i < smallest.steps().size(); i++) {
      boolean smaller = true;
      while (smaller) {
        Step step = smallest.steps().get(i);
        int steps = step.schedulerSteps();
        smaller =
            steps > 0
                && (tries(i, 0, step) || tries(i, steps / 2, step) || tries(i, steps - 1, step));
      }
    }
  }

  private boolean tries(int index, int schedulerSteps, Step step) {
    List<Step> changed = new ArrayList<>(smallest.steps());
    changed.set(index, new Step(step.op(), schedulerSteps, step.salt()));
    return tries(changed);
  }

  private boolean tries(List<Step> steps) {
    Scenario candidate = smallest.with(steps);
    if (fails.test(candidate)) {
      smallest = candidate;
      return true;
    }
    return false;
  }
}
