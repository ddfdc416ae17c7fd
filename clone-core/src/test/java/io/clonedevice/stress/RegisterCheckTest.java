package io.clonedevice.stress;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.stress.RegisterOperation.Kind;
import io.clonedevice.testing.Seed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RegisterCheckTest {
  private static final int RANDOM_HISTORIES = 20_000;

  private final List<RegisterOperation> history = new ArrayList<>();

  private void read(long value, long invoked, long responded) {
    history.add(new RegisterOperation(Kind.READ, value, invoked, responded));
  }

  private void write(long value, long invoked, long responded) {
    history.add(new RegisterOperation(Kind.WRITE, value, invoked, responded));
  }

  private void failedWrite(long value, long invoked, long responded) {
    history.add(new RegisterOperation(Kind.FAILED_WRITE, value, invoked, responded));
  }

  private boolean isLinearizable() {
    return RegisterCheck.violation(0, history).isEmpty();
  }

  @Test
  void readsOneAfterTheOtherReturnWhatWasWrittenLast() {
    read(0, 1, 2);
    write(1, 3, 4);
    read(1, 5, 6);
    write(2, 7, 8);
    read(2, 9, 10);
    assertThat(isLinearizable()).isTrue();
  }

  @Test
  void readOfAnOverwrittenValueIsImpossible() {
    write(1, 1, 2);
    write(2, 3, 4);
    read(1, 5, 6);
    assertThat(RegisterCheck.violation(0, history))
        .hasValueSatisfying(text -> assertThat(text).contains("impossible: READ 1 [5, 6]"));
  }

  @Test
  void readOfTheInitialValueAfterAWriteIsImpossible() {
    write(1, 1, 2);
    read(0, 3, 4);
    assertThat(isLinearizable()).isFalse();
  }

  @Test
  void readOfAValueThatNobodyWroteIsImpossible() {
    read(7, 1, 2);
    assertThat(isLinearizable()).isFalse();
  }

  @Test
  void readOfAValueBeforeItsWriteBeganIsImpossible() {
    read(1, 1, 2);
    write(1, 3, 4);
    assertThat(isLinearizable()).isFalse();
  }

  @Test
  void readDuringAWriteReturnsEitherValueButNeverTheOldOneAfterTheNewOne() {
    write(1, 1, 10);
    read(0, 2, 3);
    read(1, 4, 5);
    read(1, 6, 7);
    assertThat(isLinearizable()).isTrue();
    read(0, 8, 9);
    assertThat(isLinearizable()).isFalse();
  }

  @Test
  void twoWritesAtOnceEndInOneOrderForAllReaders() {
    write(1, 1, 4);
    write(2, 2, 3);
    read(1, 5, 6);
    read(1, 7, 8);
    assertThat(isLinearizable()).isTrue();
    read(2, 9, 10);
    assertThat(isLinearizable()).isFalse();
  }

  @Test
  void twoReadersThatSeeTwoWritesInDifferentOrdersAreImpossible() {
    write(1, 1, 20);
    write(2, 2, 21);
    read(1, 3, 5);
    read(2, 6, 8);
    read(1, 9, 11);
    assertThat(isLinearizable()).isFalse();
  }

  @Test
  void writeMayHideBehindAnotherOneAtOnce() {
    write(1, 1, 10);
    write(2, 2, 9);
    write(3, 3, 8);
    read(2, 11, 12);
    assertThat(isLinearizable()).isTrue();
  }

  @Test
  void writeSeenByAReaderThatEndsLateMayComeBeforeTheOthers() {
    read(1, 1, 20);
    write(1, 2, 9);
    write(2, 3, 8);
    read(2, 10, 11);
    assertThat(isLinearizable()).isTrue();
    read(1, 12, 13);
    assertThat(isLinearizable()).isFalse();
  }

  @Test
  void equalValuesOfTwoDiscardsAreTwoWrites() {
    write(0, 1, 10);
    write(5, 2, 3);
    read(0, 4, 5);
    write(6, 6, 7);
    write(0, 8, 12);
    read(0, 13, 14);
    assertThat(isLinearizable()).isTrue();
    read(6, 15, 16);
    assertThat(isLinearizable()).isFalse();
  }

  @Test
  void failedWriteIsSeenOrNotButNotForgottenOnceSeen() {
    failedWrite(1, 1, 2);
    read(0, 3, 4);
    assertThat(isLinearizable()).isTrue();
    read(1, 5, 6);
    assertThat(isLinearizable()).isFalse();
    history.remove(1);
    assertThat(isLinearizable()).isTrue();
    read(0, 7, 8);
    assertThat(isLinearizable()).isFalse();
  }

  /** Against every order of a few operations: the definition itself. */
  @Test
  void agreesWithTheTrialOfAllOrdersOnRandomHistories() {
    Random random = Seed.random();
    int linearizable = 0;
    for (int i = 0; i < RANDOM_HISTORIES; i++) {
      randomHistory(random);
      boolean expected = someOrderFits(0, new ArrayList<>(history));
      assertThat(isLinearizable()).as("history %d: %s", i, history).isEqualTo(expected);
      linearizable += expected ? 1 : 0;
    }
    assertThat(linearizable).isBetween(RANDOM_HISTORIES / 10, RANDOM_HISTORIES * 9 / 10);
  }

  private void randomHistory(Random random) {
    history.clear();
    int count = 2 + random.nextInt(6);
    List<Long> times = new ArrayList<>();
    for (long time = 0; time < 2 * count; time++) {
      times.add(time);
    }
    int disorder = random.nextInt(12);
    for (int swap = 0; swap < disorder; swap++) {
      int at = random.nextInt(times.size() - 1);
      Collections.swap(times, at, at + 1);
    }
    for (int i = 0; i < count; i++) {
      long one = times.get(2 * i);
      long other = times.get(2 * i + 1);
      Kind kind = Kind.values()[random.nextInt(3)];
      // Few values, some of them written twice, as discards do.
      long value = kind == Kind.READ || random.nextInt(4) == 0 ? random.nextInt(4) : i + 1;
      history.add(new RegisterOperation(kind, value, Math.min(one, other), Math.max(one, other)));
    }
  }

  private static boolean someOrderFits(long value, List<RegisterOperation> left) {
    if (left.stream().allMatch(operation -> operation.kind() == Kind.FAILED_WRITE)) {
      return true;
    }
    long firstResponse =
        left.stream()
            .filter(operation -> operation.kind() != Kind.FAILED_WRITE)
            .mapToLong(RegisterOperation::responded)
            .min()
            .orElseThrow();
    for (RegisterOperation next : left) {
      List<RegisterOperation> rest = new ArrayList<>(left);
      rest.remove(next);
      // A failed write whose time is over by now can no longer take effect.
      rest.removeIf(
          other -> other.kind() == Kind.FAILED_WRITE && other.responded() < next.invoked());
      if (next.invoked() > firstResponse) {
        continue;
      }
      if (next.isRead()
          ? next.value() == value && someOrderFits(value, rest)
          : someOrderFits(next.value(), rest)) {
        return true;
      }
    }
    return false;
  }
}
