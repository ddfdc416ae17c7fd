package io.clonedevice.simulation;

import io.clonedevice.store.BlockIoException.Operation;
import java.util.ArrayList;
import java.util.List;

/** Which calls of one store fail, and what they have done before they fail. */
final class Faults {
  /** How much a failed call has done. */
  enum Effect {
    NOTHING,
    A_PART,
    ALL
  }

  private static final class Rule {
    private final Operation operation;
    private final Effect effect;
    private long skip;
    private long left;

    Rule(Operation operation, long skip, long count, Effect effect) {
      this.operation = operation;
      this.skip = skip;
      this.left = count;
      this.effect = effect;
    }
  }

  private final List<Rule> rules = new ArrayList<>();

  void add(Operation operation, long skip, long count, Effect effect) {
    rules.add(new Rule(operation, skip, count, effect));
  }

  void heal() {
    rules.clear();
  }

  /** Returns how the call fails, {@code null} if it does not. */
  Effect strike(Operation operation) {
    Effect struck = null;
    for (Rule rule : rules) {
      if (rule.operation == operation) {
        if (rule.skip > 0) {
          rule.skip--;
        } else if (rule.left > 0) {
          rule.left--;
          struck = rule.effect;
        }
      }
    }
    return struck;
  }
}
