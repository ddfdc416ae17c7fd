package io.clonedevice.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.Effort;
import io.clonedevice.simulation.Faults.Effect;
import io.clonedevice.simulation.Op.Loss;
import io.clonedevice.simulation.Op.Side;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStore.Execution;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * The whole device on one thread under a scheduler that a seed drives, against a model; {@code
 * -Dclone.simulation.seeds=N} or {@code -Dclone.simulation.time=PT1H} for more of it.
 */
class SimulationTest {
  private static final long SEEDS = 10_000;
  private static final long CANARY_SEEDS_MAX = 500;
  private static final int REPEATED = 200;

  /** For histories that are written down here: one kind of store, nothing by chance. */
  private static final Setup CALM =
      new Setup(
          4096,
          32,
          512,
          64 << 10,
          Execution.CALLING_THREAD,
          Execution.CALLING_THREAD,
          Execution.CALLING_THREAD,
          DiscardSupport.NONE,
          0,
          10,
          0,
          0);

  private static final Setup.Options UNHYDRATED =
      new Setup.Options(false, 0, 1, false, 1, 32, 100, 100, Long.MAX_VALUE, false, false, false);

  @Test
  void everyHistoryIsLegal() {
    Campaign campaign = new Campaign(UnaryOperator.identity());
    campaign.run(
        new Seed().value(),
        Effort.cases("clone.simulation.seeds", SEEDS),
        Effort.time("clone.simulation.time", null));
    System.out.println(campaign);
    assertThat(campaign.hasFailed()).as(() -> campaign.report()).isFalse();
  }

  @Test
  void sameSeedTakesTheSameSteps() {
    long first = new Seed().value();
    Silence.during(
        () -> {
          for (long seed = first; seed < first + REPEATED; seed++) {
            Scenario scenario = Scenario.random(seed);
            assertThat(Scenario.random(seed)).isEqualTo(scenario);
            Simulation.Outcome one = Simulation.run(scenario);
            Simulation.Outcome other = Simulation.run(scenario);
            assertThat(other.steps()).as("steps of seed %d", seed).isEqualTo(one.steps());
            assertThat(other.traceHash()).as("trace of seed %d", seed).isEqualTo(one.traceHash());
          }
        });
  }

  @Test
  void flushThatIsAcknowledgedAndNotDoneIsFound() {
    assertFoundAndMadeMinimal(
        medium ->
            new FilterBlockStore(medium) {
              @Override
              public void flush() {}
            });
  }

  @Test
  void writeThatIsDroppedIsFound() {
    assertFoundAndMadeMinimal(
        medium ->
            new FilterBlockStore(medium) {
              private int writes;

              @Override
              public void write(long offset, ByteBuffer source) throws IOException {
                if (++writes == 7) {
                  source.position(source.limit());
                } else {
                  super.write(offset, source);
                }
              }
            });
  }

  private static void assertFoundAndMadeMinimal(UnaryOperator<BlockStore> defect) {
    Campaign campaign = new Campaign(defect);
    campaign.run(new Seed().value(), CANARY_SEEDS_MAX, null);
    assertThat(campaign.hasFailed()).as("found in %d seeds", campaign.seeds()).isTrue();
    System.out.println("found after " + campaign.seeds() + " seeds: " + campaign.report());
    Scenario smallest = campaign.smallest();
    Silence.during(() -> assertThat(Simulation.run(smallest, defect).failed()).isTrue());
    for (int i = 0; i < smallest.steps().size(); i++) {
      List<Scenario.Step> fewer = new ArrayList<>(smallest.steps());
      Scenario.Step left = fewer.remove(i);
      Scenario without = smallest.with(fewer);
      Silence.during(
          () ->
              assertThat(Simulation.run(without, defect).failed())
                  .as("fails without %s", left)
                  .isFalse());
    }
  }

  /** The superblock of that commit could be read, so all seemed well. */
  @Test
  void flushAfterReopeningCoversACommitWhoseOwnFlushHadFailed() {
    assertLegal(
        new Op.Write(0, 8, false, true),
        new Op.Fault(Side.METADATA, Operation.FLUSH, 1, 1, Effect.NOTHING),
        new Op.Reopen(UNHYDRATED),
        new Op.Write(0, 8, false, true),
        new Op.Flush(true),
        new Op.PowerCut(Loss.ALL, UNHYDRATED));
  }

  private static void assertLegal(Op... history) {
    List<Scenario.Step> steps = new ArrayList<>();
    for (Op op : history) {
      steps.add(new Scenario.Step(op, 0, 1));
    }
    Scenario scenario = new Scenario(1, CALM, UNHYDRATED, steps);
    Silence.during(() -> assertThat(Simulation.run(scenario).failure()).isNull());
  }
}
