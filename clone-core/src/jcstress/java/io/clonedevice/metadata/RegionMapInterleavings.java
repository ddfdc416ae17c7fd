package io.clonedevice.metadata;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The words of the region map, and the swap of the dirty words at the beginning of a commit. */
public final class RegionMapInterleavings {
  private static final int COMMIT_SPINS = 50;

  private RegionMapInterleavings() {}

  static RegionMap newMap() {
    RegionMap map = new RegionMap(new RegionGeometry(4 * 4096, 4096));
    map.allowMarks();
    return map;
  }

  /** Gives a mark time to arrive. */
  private static void awaitMark() {
    for (int i = 0; i < COMMIT_SPINS; i++) {
      Thread.onSpinWait();
    }
  }

  private static int one(boolean holds) {
    return holds ? 1 : 0;
  }

  /** Two marks in one word: neither is lost, and the count is kept. */
  @JCStressTest
  @Outcome(id = "1, 1, 2", expect = ACCEPTABLE, desc = "both bits, counted")
  @Outcome(expect = FORBIDDEN, desc = "a bit or a count is lost")
  @State
  public static class MarksInOneWord {
    private final RegionMap map = newMap();

    @Actor
    public void first() {
      map.mark(0, 1);
    }

    @Actor
    public void second() {
      map.mark(1, 1);
    }

    @Arbiter
    public void look(III_Result r) {
      r.r1 = one(map.isHydrated(0));
      r.r2 = one(map.isHydrated(1));
      r.r3 = (int) map.hydratedCount();
      map.close();
    }
  }

  /** A run is never empty and never covers a region of the other state that was so all along. */
  @JCStressTest
  @Outcome(
      id = {"1, 0", "3, 0", "3, 1", "1, 1"},
      expect = ACCEPTABLE,
      desc = "ends at a change")
  @Outcome(expect = FORBIDDEN, desc = "ends where no state changes")
  @State
  public static class RunDuringMark {
    private final RegionMap map = newMap();

    public RunDuringMark() {
      map.mark(3, 1);
    }

    @Actor
    public void mark() {
      map.mark(0, 1);
    }

    @Actor
    public void run(II_Result r) {
      r.r2 = one(map.isHydrated(0));
      r.r1 = (int) map.endOfRun(0, 4);
    }

    @Arbiter
    public void free(II_Result r) {
      map.close();
    }
  }

  /** A run is in one state all along, and that is the state that is told. */
  @JCStressTest
  @Outcome(id = "-1", expect = ACCEPTABLE, desc = "before the mark")
  @Outcome(id = "3", expect = ACCEPTABLE, desc = "after the mark")
  @Outcome(id = "-3", expect = FORBIDDEN, desc = "hydrated regions are called unhydrated")
  @Outcome(expect = FORBIDDEN, desc = "ends where no state changes")
  @State
  public static class SignedRunDuringMark {
    private final RegionMap map = newMap();

    public SignedRunDuringMark() {
      map.mark(1, 2);
    }

    @Actor
    public void mark() {
      map.mark(0, 1);
    }

    @Actor
    public void run(I_Result r) {
      r.r1 = (int) map.signedRun(0, 4);
    }

    @Arbiter
    public void free(I_Result r) {
      map.close();
    }
  }

  /** A mark during the swap is in this commit or in the next one. */
  @JCStressTest
  @Outcome(
      id = {"1, 0", "0, 1"},
      expect = ACCEPTABLE,
      desc = "in one of the two")
  @Outcome(id = "0, 0", expect = FORBIDDEN, desc = "lost")
  @Outcome(id = "1, 1", expect = FORBIDDEN, desc = "in both")
  @State
  public static class MarkDuringFreeze {
    private final RegionMap map = newMap();
    private FrozenWords frozen;

    @Actor
    public void mark() {
      map.mark(0, 1);
    }

    // Looks at once: what comes to the frozen words later is not committed.
    @Actor
    public void commit(II_Result r) {
      frozen = map.freeze();
      r.r1 = one(frozen.dirty().isDirty(0));
    }

    @Arbiter
    public void look(II_Result r) {
      map.forget(frozen);
      r.r2 = one(map.freeze().dirty().isDirty(0));
      map.close();
    }
  }

  /** The end of a commit does not forget what was marked meanwhile. */
  @JCStressTest
  @Outcome(
      id = {"1, 0", "0, 1"},
      expect = ACCEPTABLE,
      desc = "committed, or known to wait")
  @Outcome(id = "0, 0", expect = FORBIDDEN, desc = "neither committed nor known to wait")
  @Outcome(id = "1, 1", expect = FORBIDDEN, desc = "waits although it was committed")
  @State
  public static class MarkDuringCommit {
    private final RegionMap map = newMap();
    private boolean committed;

    @Actor
    public void mark() {
      map.mark(0, 1);
    }

    @Actor
    public void commit() {
      FrozenWords frozen = map.freeze();
      committed = frozen.dirty().isDirty(0);
      awaitMark();
      map.forget(frozen);
    }

    @Arbiter
    public void look(II_Result r) {
      r.r1 = one(committed);
      r.r2 = one(map.hasUncommittedWords());
      map.close();
    }
  }

  /** What an aborted commit froze, and what was marked meanwhile, waits for the next one. */
  @JCStressTest
  @Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "both words wait")
  @Outcome(expect = FORBIDDEN, desc = "a word is lost")
  @State
  public static class MarkDuringAbort {
    private final RegionMap map = new RegionMap(new RegionGeometry(128 * 4096, 4096));

    public MarkDuringAbort() {
      map.allowMarks();
      map.mark(0, 1);
    }

    @Actor
    public void mark() {
      map.mark(64, 1);
    }

    @Actor
    public void abort() {
      FrozenWords frozen = map.freeze();
      awaitMark();
      map.thaw(frozen.dirty());
    }

    @Arbiter
    public void look(III_Result r) {
      r.r1 = one(map.hasUncommittedWords());
      DirtyWords next = map.freeze().dirty();
      r.r2 = one(next.isDirty(0));
      r.r3 = one(next.isDirty(1));
      map.close();
    }
  }
}
