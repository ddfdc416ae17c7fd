package io.clonedevice.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** Power cuts in histories that were thought out to be nasty. */
class CrashScriptTest {
  private static final int REGION = 4096;

  private final Random random = Seed.random();
  private final CrashStates states = CrashStates.forTotal(CrashTest.STATES);

  /** What a device goes through. */
  private interface Script {
    void run(Life life) throws IOException;
  }

  private void run(Shape shape, Script script) throws IOException {
    try (Life life = History.newLife(shape, random, Life.Wrapping.NONE)) {
      states.watch(life);
      script.run(life);
    }
  }

  @AfterEach
  void tellFigures(TestInfo test) {
    states.close();
    System.out.println(test.getDisplayName() + " " + states.figures());
    assertThat(states.count()).isGreaterThan(10);
  }

  /** Runs a script with something in the midst of its first change, its second, and so on. */
  private void inTheMidstOfEachChange(Shape shape, Script before, Script between, Script after)
      throws IOException {
    boolean[] happened = {true};
    int changes = -1;
    for (int n = 0; happened[0]; n++) {
      changes = n;
      int index = n;
      happened[0] = false;
      run(
          shape,
          life -> {
            before.run(life);
            life.inTheMidstOfChange(
                index,
                () -> {
                  happened[0] = true;
                  try {
                    between.run(life);
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                });
            after.run(life);
          });
    }
    assertThat(changes).as("changes in whose midst something happened").isPositive();
  }

  private static void open(Life life) throws IOException {
    life.open(Hydration.disabled());
  }

  @Test
  @Tag("B1")
  @Tag("B2")
  @Tag("B3")
  void regionsOfOneWordAreWrittenInTheMidstOfACommit() throws IOException {
    regionIsWrittenInTheMidstOfACommit(Shape.of(8), 1);
  }

  @Test
  @Tag("B2")
  @Tag("B3")
  void regionOfAWordThatWasCleanIsWrittenInTheMidstOfACommit() throws IOException {
    regionIsWrittenInTheMidstOfACommit(Shape.of(70), 66);
  }

  private void regionIsWrittenInTheMidstOfACommit(Shape shape, int region) throws IOException {
    inTheMidstOfEachChange(
        shape,
        life -> {
          open(life);
          life.write(0, REGION);
          life.settle();
        },
        life -> {
          life.write(region * REGION, REGION);
          life.write((region + 2) * REGION + 512, 512);
          life.settle();
        },
        life -> {
          life.flush();
          life.settle();
          life.write(6 * REGION, 512);
          life.flush();
          life.settle();
          life.shut();
        });
  }

  @Test
  @Tag("A25")
  @Tag("A21")
  void durableWritesMeetInOneCommit() throws IOException {
    inTheMidstOfEachChange(
        Shape.of(5),
        CrashScriptTest::open,
        life -> life.writeDurably(2 * REGION, 2 * REGION),
        life -> {
          life.writeDurably(512, 1024);
          life.settle();
          life.shut();
        });
  }

  @Test
  @Tag("B13")
  void discardComesAtEachStepOfACopy() throws IOException {
    for (int steps = 0; steps < 16; steps++) {
      int taken = steps;
      run(
          Shape.of(3),
          life -> {
            life.open(Hydration.background().threshold(2).batchSize(2));
            life.takeSteps(taken);
            life.discard(0, 2 * REGION);
            life.takeSteps(taken);
            life.write(512, 512);
            life.settle();
            life.flush();
            life.settle();
            life.shut();
          });
    }
  }

  @Test
  void regionIsOverwrittenAtEachStepOfItsCopyAndCommit() throws IOException {
    for (int steps = 0; steps < 20; steps++) {
      int taken = steps;
      run(
          Shape.of(2),
          life -> {
            life.open(Hydration.background().threshold(1));
            life.takeSteps(taken);
            life.write(0, REGION);
            life.flush();
            life.takeSteps(taken);
            life.write(REGION + 512, 512);
            life.settle();
            life.shut();
          });
    }
  }

  @Test
  @Tag("B15")
  void hydrationIsCompleted() throws IOException {
    inTheMidstOfEachChange(
        Shape.of(4),
        life -> {},
        life -> {
          if (life.device() != null) {
            life.write(2 * REGION, 1024);
          }
        },
        life -> {
          life.open(Hydration.background().threshold(2).batchSize(2));
          life.settle();
          life.advanceMs(1_100);
          life.settle();
          assertThat(life.device().statusNoFlush().hydrationCompleted()).isTrue();
          life.write(0, 512);
          life.discard(0, 4 * REGION);
          life.settle();
          life.shut();
          open(life);
          life.write(REGION, REGION);
          life.flush();
          life.shut();
        });
  }

  @Test
  @Tag("A25")
  void regionsThatTheTickCommittedSurvive() throws IOException {
    run(
        Shape.of(12),
        life -> {
          life.open(Hydration.background().threshold(1));
          for (int ms = 0; ms < 3_000; ms += 500) {
            life.advanceMs(500);
            life.takeSteps(8);
          }
          life.shut();
        });
  }

  @Test
  void blocksOfTheSmallestMetadataDeviceAreUsedAgainAndAgain() throws IOException {
    run(
        Shape.of(40),
        life -> {
          open(life);
          for (int region = 0; region < 40; region++) {
            life.write(region * REGION, REGION);
            life.flush();
            life.settle();
            if (region % 8 == 7) {
              life.shut();
              open(life);
            }
          }
          life.shut();
        });
  }

  @Test
  @Tag("A61")
  void formatIsCutAtEachOfItsWrites() throws IOException {
    try (CrashStates thorough = new CrashStates(256, 16, 50);
        Life life = History.newLife(Shape.of(4), random, Life.Wrapping.NONE)) {
      thorough.watch(life);
      open(life);
      life.shut();
      System.out.println("format " + thorough.figures());
    }
    run(
        Shape.of(70),
        life -> {
          open(life);
          life.shut();
        });
  }
}
