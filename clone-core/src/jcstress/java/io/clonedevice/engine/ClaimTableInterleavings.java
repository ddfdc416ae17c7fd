package io.clonedevice.engine;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.clonedevice.engine.Claim.Purpose;
import io.clonedevice.engine.ClaimTable.Attempt;
import io.clonedevice.metadata.StressedMap;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** At most one claim a region; whoever meets one is told when it ends. */
public final class ClaimTableInterleavings {
  private static final int TAKEN = 1;
  private static final int QUEUED = 2;
  private static final int HYDRATED = 3;

  private static final BackgroundChoice ANY =
      new BackgroundChoice() {
        @Override
        public long firstAllowedFrom(long region) {
          return region;
        }

        @Override
        public long regionCountMax(long region) {
          return 2;
        }
      };

  private ClaimTableInterleavings() {}

  /** A map and its claims, with what the actors share. */
  private static final class Table {
    private final StressedMap regions = new StressedMap();
    private final ClaimTable claims = new ClaimTable(regions.map(), 4, Waiting.parked());
    private final Request request =
        new Request(null, Runnable::run, RequestRouter.Route.NOWHERE, 0, 0, null, false);

    Attempt attempt(long firstRegion, long endRegion) {
      return claims.attempt(
          firstRegion,
          endRegion,
          Purpose.OVERWRITE,
          end ->
              new Waiter(request) {
                @Override
                void route() {}
              });
    }

    static int kind(Attempt attempt) {
      return attempt instanceof Attempt.Taken
          ? TAKEN
          : attempt instanceof Attempt.Queued ? QUEUED : HYDRATED;
    }
  }

  /** Two requests want one region. */
  @JCStressTest
  @Outcome(
      id = {"1, 2, 1", "2, 1, 1"},
      expect = ACCEPTABLE,
      desc = "one holds, one waits")
  @Outcome(expect = FORBIDDEN, desc = "both hold it, or nobody tells the one that waits")
  @State
  public static class TwoAttempts {
    private final Table table = new Table();
    private Attempt first;
    private Attempt second;

    @Actor
    public void first() {
      first = table.attempt(0, 2);
    }

    @Actor
    public void second() {
      second = table.attempt(0, 1);
    }

    @Arbiter
    public void look(III_Result r) {
      r.r1 = Table.kind(first);
      r.r2 = Table.kind(second);
      Attempt held = first instanceof Attempt.Taken ? first : second;
      r.r3 = table.claims.release(((Attempt.Taken) held).claim()).size();
      table.regions.free();
    }
  }

  /** A request meets a claim that ends well: it waits and is told, or finds the region hydrated. */
  @JCStressTest
  @Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "waited and was told")
  @Outcome(id = "3, 0", expect = ACCEPTABLE, desc = "came late and found it hydrated")
  @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "claims a region that is hydrated")
  @Outcome(expect = FORBIDDEN, desc = "waits and is not told")
  @State
  public static class AttemptDuringRelease {
    private final Table table = new Table();
    private final Claim held;

    public AttemptDuringRelease() {
      held = ((Attempt.Taken) table.attempt(0, 1)).claim();
    }

    @Actor
    public void settle(II_Result r) {
      table.regions.mark(0);
      List<Waiter> waiters = table.claims.release(held);
      r.r2 = waiters.size();
    }

    @Actor
    public void attempt(II_Result r) {
      r.r1 = Table.kind(table.attempt(0, 1));
    }

    @Arbiter
    public void free(II_Result r) {
      table.regions.free();
    }
  }

  /** The hydrator and a request look for regions at once. */
  @JCStressTest
  @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "two claims that do not meet")
  @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the request waits for the hydrator")
  @Outcome(id = "1, 1", expect = FORBIDDEN, desc = "two claims on one region")
  @Outcome(expect = FORBIDDEN, desc = "something else")
  @State
  public static class AttemptDuringBackgroundClaim {
    private final Table table = new Table();
    private Attempt attempt;
    private Claim background;

    @Actor
    public void request() {
      attempt = table.attempt(1, 4);
    }

    @Actor
    public void hydrator() {
      background = table.claims.claimForBackgroundCopy(0, ANY);
    }

    @Arbiter
    public void look(II_Result r) {
      r.r1 = Table.kind(attempt);
      if (attempt instanceof Attempt.Taken taken) {
        Claim claim = taken.claim();
        boolean meet =
            claim.firstRegion() < background.endRegion()
                && background.firstRegion() < claim.endRegion();
        r.r2 = meet ? 1 : 0;
      }
      table.regions.free();
    }
  }

  /** The hydrator looks for a region whose claim ends at that moment. */
  @JCStressTest
  @Outcome(
      id = {"1", "2"},
      expect = ACCEPTABLE,
      desc = "claims another region")
  @Outcome(id = "0", expect = FORBIDDEN, desc = "claims the region that is hydrated")
  @Outcome(expect = FORBIDDEN, desc = "claims nothing")
  @State
  public static class BackgroundClaimDuringRelease {
    private final Table table = new Table();
    private final Claim held;

    public BackgroundClaimDuringRelease() {
      held = ((Attempt.Taken) table.attempt(0, 1)).claim();
    }

    @Actor
    public void settle() {
      table.regions.mark(0);
      table.claims.release(held);
    }

    @Actor
    public void hydrator(I_Result r) {
      Claim claim = table.claims.claimForBackgroundCopy(0, ANY);
      r.r1 = claim == null ? -1 : (int) claim.firstRegion();
    }

    @Arbiter
    public void free(I_Result r) {
      table.regions.free();
    }
  }

  /** After a pause no background claim is given out; one that was, is seen by who looks. */
  @JCStressTest
  @Outcome(
      id = {"0, 1", "1, 0"},
      expect = ACCEPTABLE,
      desc = "refused, or seen")
  @Outcome(id = "1, 1", expect = FORBIDDEN, desc = "claimed, and the table looked empty")
  @Outcome(expect = FORBIDDEN, desc = "refused, and the table not empty")
  @State
  public static class PauseDuringBackgroundClaim {
    private final Table table = new Table();

    @Actor
    public void hydrator(II_Result r) {
      r.r1 = table.claims.claimForBackgroundCopy(0, ANY) == null ? 0 : 1;
    }

    @Actor
    public void suspend(II_Result r) {
      table.claims.pauseBackground();
      r.r2 = table.claims.isEmpty() ? 1 : 0;
    }

    @Arbiter
    public void free(II_Result r) {
      table.regions.free();
    }
  }
}
