package io.clonedevice.stress;

import io.clonedevice.stress.RegisterOperation.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides, exactly, whether the history of one register is linearizable: whether each operation can
 * be given an instant between its invocation and its response such that every read returns what was
 * written last.
 *
 * <p>The search of Wing and Gong in the form of Lowe: events are taken in their order, every state
 * that the register can be in is kept, and equal states are kept once. Two facts about registers
 * keep the states few. A read that fits is taken as early as possible, as it changes nothing. A
 * write is <em>shown</em> (somebody may read it) as late as possible: at its own response, or at
 * that of a read that needs it; and whenever one write is shown, every other one under way may have
 * come just before it, seen by nobody.
 */
final class RegisterCheck {
  private static final int UNDER_WAY_MAX = Long.SIZE;
  private static final int TOLD_BEFORE = 12;

  // By slot: the operation under way, or null.
  private final RegisterOperation[] underWay = new RegisterOperation[UNDER_WAY_MAX];
  private Set<State> states = new HashSet<>();

  /**
   * What the register may be like.
   *
   * @param value what it holds
   * @param done slots whose operation has its instant, or may have it behind the scenes
   * @param shown slots of writes that were visible for a while
   */
  private record State(long value, long done, long shown) {}

  private record Event(long time, RegisterOperation operation, boolean begins) {}

  private RegisterCheck(long initialValue) {
    states.add(new State(initialValue, 0, 0));
  }

  /** Returns why the history is not linearizable, or nothing if it is. */
  static Optional<String> violation(long initialValue, List<RegisterOperation> history) {
    List<Event> events = new ArrayList<>(2 * history.size());
    for (RegisterOperation operation : history) {
      events.add(new Event(operation.invoked(), operation, true));
      events.add(new Event(operation.responded(), operation, false));
    }
    events.sort(Comparator.comparingLong(Event::time));
    RegisterCheck check = new RegisterCheck(initialValue);
    for (Event event : events) {
      if (event.begins()) {
        check.begin(event.operation());
      } else if (!check.end(event.operation())) {
        return Optional.of(tell(initialValue, history, event.operation()));
      }
    }
    return Optional.empty();
  }

  private static String tell(
      long initialValue, List<RegisterOperation> history, RegisterOperation impossible) {
    List<RegisterOperation> before =
        history.stream()
            .filter(operation -> operation.invoked() < impossible.responded())
            .sorted(Comparator.comparingLong(RegisterOperation::responded))
            .toList();
    StringBuilder text = new StringBuilder("impossible: " + impossible);
    text.append("\n  the register began with ").append(initialValue).append("; up to then");
    before.stream()
        .skip(Math.max(0, before.size() - TOLD_BEFORE))
        .forEach(operation -> text.append("\n  ").append(operation));
    return text.toString();
  }

  private void begin(RegisterOperation operation) {
    int slot = 0;
    while (underWay[slot] != null) {
      slot++;
    }
    underWay[slot] = operation;
    Set<State> next = new HashSet<>();
    for (State state : states) {
      boolean fits = operation.isRead() && operation.value() == state.value();
      boolean mayNeverHappen = operation.kind() == Kind.FAILED_WRITE;
      next.add(
          fits || mayNeverHappen
              ? new State(state.value(), state.done() | 1L << slot, state.shown())
              : state);
    }
    states = next;
  }

  /** Returns whether some state is left. */
  private boolean end(RegisterOperation operation) {
    int slot = 0;
    while (!operation.equals(underWay[slot])) {
      slot++;
    }
    long bit = 1L << slot;
    Set<State> next = new HashSet<>();
    Set<State> seen = new HashSet<>(states);
    ArrayDeque<State> open = new ArrayDeque<>(states);
    while (!open.isEmpty()) {
      State state = open.poll();
      if ((state.done() & bit) != 0) {
        next.add(without(state, bit));
        if (operation.isRead() || (state.shown() & bit) != 0) {
          continue;
        }
      }
      if (!operation.isRead()) {
        next.add(without(show(state, slot), bit));
      }
      for (int write = 0; write < UNDER_WAY_MAX; write++) {
        if (write != slot && isWanted(state, write)) {
          State shown = show(state, write);
          if (seen.add(shown)) {
            open.add(shown);
          }
        }
      }
    }
    underWay[slot] = null;
    states = next;
    return !states.isEmpty();
  }

  private static State without(State state, long bit) {
    return new State(state.value(), state.done() & ~bit, state.shown() & ~bit);
  }

  /** Whether the slot holds a write that can still be shown and that some read waits for. */
  private boolean isWanted(State state, int slot) {
    RegisterOperation write = underWay[slot];
    if (write == null || write.isRead() || (state.shown() >>> slot & 1) != 0) {
      return false;
    }
    for (int i = 0; i < UNDER_WAY_MAX; i++) {
      RegisterOperation read = underWay[i];
      if (read != null
          && read.isRead()
          && read.value() == write.value()
          && (state.done() >>> i & 1) == 0) {
        return true;
      }
    }
    return false;
  }

  private State show(State state, int slot) {
    long value = underWay[slot].value();
    long done = state.done();
    for (int i = 0; i < UNDER_WAY_MAX; i++) {
      RegisterOperation other = underWay[i];
      if (other != null && (!other.isRead() || other.value() == value)) {
        done |= 1L << i;
      }
    }
    return new State(value, done, state.shown() | 1L << slot);
  }
}
