package io.clonedevice.engine;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Requests enter and leave while somebody suspends, resumes, closes or wants to be alone. */
public final class RequestGateInterleavings {
  private static final int OUTSIDE = 0;
  private static final int INSIDE = 1;
  private static final int REFUSED = 2;
  private static final int ALONE_SPINS = 50;

  private RequestGateInterleavings() {}

  private static Request request() {
    return new Request(null, Runnable::run, RequestRouter.Route.NOWHERE, 0, 0, null, false);
  }

  private static int enterOrPark(RequestGate gate) {
    try {
      return gate.enterOrPark(request()) ? INSIDE : OUTSIDE;
    } catch (IllegalStateException e) {
      return REFUSED;
    }
  }

  /** When suspend returns, nobody is inside, and it sees what those did who were. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "kept out")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "was inside, waited for")
  @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "was inside, not waited for")
  @Outcome(expect = FORBIDDEN, desc = "worked outside")
  @State
  public static class SuspendDuringRequest {
    private final RequestGate gate = new RequestGate(Waiting.parked());
    private int work;

    @Actor
    public void request(II_Result r) {
      if (gate.tryEnter()) {
        r.r1 = INSIDE;
        work = 1;
        gate.exit();
      }
    }

    @Actor
    public void suspend(II_Result r) {
      gate.suspend();
      r.r2 = work;
    }
  }

  /** When close returns, nobody is inside, and nobody enters any more. */
  @JCStressTest
  @Outcome(id = "2, 0, 0", expect = ACCEPTABLE, desc = "refused")
  @Outcome(id = "1, 1, 0", expect = ACCEPTABLE, desc = "was inside, waited for")
  @Outcome(id = "1, 0, 0", expect = FORBIDDEN, desc = "was inside, not waited for")
  @Outcome(expect = FORBIDDEN, desc = "forgotten, or still inside")
  @State
  public static class CloseDuringRequest {
    private final RequestGate gate = new RequestGate(Waiting.parked());
    private int work;

    @Actor
    public void request(III_Result r) {
      r.r1 = enterOrPark(gate);
      if (r.r1 == INSIDE) {
        work = 1;
        gate.exit();
      }
    }

    @Actor
    public void close(III_Result r) {
      gate.close();
      r.r2 = work;
    }

    @Arbiter
    public void look(III_Result r) {
      r.r3 = (int) gate.requestsInside();
    }
  }

  /** A request that arrives at a gate that opens is inside, or handed to who opened it. */
  @JCStressTest
  @Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "entered")
  @Outcome(id = "0, 1, 1", expect = ACCEPTABLE, desc = "parked and handed over")
  @Outcome(id = "0, 0, 0", expect = FORBIDDEN, desc = "parked and forgotten")
  @Outcome(expect = FORBIDDEN, desc = "counted wrong")
  @State
  public static class ResumeDuringArrival {
    private final RequestGate gate = new RequestGate(Waiting.parked());

    public ResumeDuringArrival() {
      gate.suspend();
    }

    @Actor
    public void request(III_Result r) {
      r.r1 = enterOrPark(gate);
    }

    @Actor
    public void resume(III_Result r) {
      r.r2 = gate.resume().size();
    }

    @Arbiter
    public void look(III_Result r) {
      r.r3 = (int) gate.requestsInside();
    }
  }

  /** A request that arrives at a suspended gate that closes is refused, by one of the two. */
  @JCStressTest
  @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "refused at once")
  @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "parked and handed over to be refused")
  @Outcome(id = "0, 0", expect = FORBIDDEN, desc = "parked and forgotten")
  @Outcome(expect = FORBIDDEN, desc = "entered a closed device")
  @State
  public static class CloseDuringArrival {
    private final RequestGate gate = new RequestGate(Waiting.parked());

    public CloseDuringArrival() {
      gate.suspend();
    }

    @Actor
    public void request(II_Result r) {
      r.r1 = enterOrPark(gate);
    }

    @Actor
    public void close(II_Result r) {
      r.r2 = gate.close().size();
    }
  }

  /** Who wants to be alone is, or does nothing; who wants to enter gets in. */
  @JCStressTest
  @Outcome(
      id = {"0, 0", "0, -1"},
      expect = ACCEPTABLE,
      desc = "alone, or did nothing")
  @Outcome(expect = FORBIDDEN, desc = "both at once")
  @State
  public static class AloneDuringRequest {
    private final RequestGate gate = new RequestGate(Waiting.parked());
    // Volatile: else the compiler may drop what is undone at once, and nothing could be seen.
    private volatile int requestInside;
    private volatile int alone;

    @Actor
    public void request(II_Result r) {
      gate.enter();
      requestInside = 1;
      r.r1 = alone;
      requestInside = 0;
      gate.exit();
    }

    @Actor
    public void beAlone(II_Result r) {
      r.r2 = -1;
      gate.runIfEmpty(
          () -> {
            alone = 1;
            // Time for a request to arrive.
            for (int i = 0; i < ALONE_SPINS; i++) {
              Thread.onSpinWait();
            }
            r.r2 = requestInside;
            alone = 0;
          });
    }
  }
}
