package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FlushHabitTest {
  private final FlushHabit habit = new FlushHabit();

  @Test
  void isOneAfterSomeFlushesOfOneWriteEach() {
    for (int i = 0; i < FlushHabit.KEPT; i++) {
      assertThat(habit.wrote()).as("write %s", i).isFalse();
      habit.flushing();
    }
    assertThat(habit.wrote()).isTrue();
  }

  @Test
  void holdsForTheFirstWriteAfterAFlushOnly() {
    keep(FlushHabit.KEPT);
    assertThat(habit.wrote()).isTrue();
    assertThat(habit.wrote()).isFalse();
    assertThat(habit.wrote()).isFalse();
  }

  @Test
  void isBrokenByAFlushOfMoreWritesAndMustBeKeptAgain() {
    keep(FlushHabit.KEPT);
    habit.wrote();
    habit.wrote();
    habit.flushing();

    keep(FlushHabit.KEPT - 1);
    assertThat(habit.wrote()).isFalse();
    habit.flushing();
    assertThat(habit.wrote()).isTrue();
  }

  @Test
  void isNeitherKeptNorBrokenByAFlushOfNothing() {
    keep(FlushHabit.KEPT - 1);
    habit.flushing();
    assertThat(habit.wrote()).isFalse();
    habit.flushing();
    habit.flushing();
    assertThat(habit.wrote()).isTrue();
  }

  private void keep(int flushes) {
    for (int i = 0; i < flushes; i++) {
      habit.wrote();
      habit.flushing();
    }
  }
}
