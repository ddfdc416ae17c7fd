package io.clonedevice.faults;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.Leaks;
import io.clonedevice.faults.FaultPoint.Call;
import io.clonedevice.faults.FaultPoint.Role;
import io.clonedevice.faults.FaultPoint.Setting;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every call of every store fails in turn, in every way; so does every task of the executor, and
 * every look at the clock. Listeners and dependent stages throw all the time.
 */
class EveryCallFaultTest {
  private static final int CALLS_MAX = 5_000;
  private static final int PATIENCE_SECONDS = 20;

  private final PrintStream log = System.err;

  /** Thousands of failures, each with its stack trace. */
  @BeforeEach
  void silenceTheLog() {
    System.setErr(new PrintStream(OutputStream.nullOutputStream(), false, UTF_8));
  }

  @AfterEach
  void hearTheLog() {
    System.setErr(log);
  }

  @ParameterizedTest
  @EnumSource
  void everyCallFailsInTurnInEveryWay(Setting setting) throws Exception {
    Leaks leaks = new Leaks(null);
    Map<String, Long> tried = new TreeMap<>();
    for (Role role : Role.values()) {
      for (Call call : Call.values()) {
        for (FaultKind kind : FaultKind.values()) {
          long faults =
              possible(setting, role, call, kind) ? failEach(setting, role, call, kind) : 0;
          if (faults > 0) {
            tried.merge(role + " " + call, faults, Long::sum);
            tried.merge("kind " + kind, faults, Long::sum);
            tried.merge("all", faults, Long::sum);
          }
        }
      }
    }
    System.out.println("fault points of " + setting + ": " + tried);
    assertThat(tried.get("all")).isGreaterThan(500);
    leaks.assertNone();
  }

  /** A hang would hold the only thread; how an outcome is told matters to calls that have one. */
  private static boolean possible(Setting setting, Role role, Call call, FaultKind kind) {
    boolean asynchronous =
        role != Role.METADATA && (call == Call.READ || call == Call.WRITE || call == Call.DISCARD);
    if (!call.isOf(role)) {
      return false;
    }
    if (!role.isStore()) {
      return kind == FaultKind.RUNTIME_EXCEPTION || kind == FaultKind.OUT_OF_MEMORY;
    }
    return switch (kind) {
      case HANG_THAT_ENDS -> asynchronous && setting == Setting.NETWORK;
      case COMPLETED_TWICE, THROWN_AFTER_COMPLETION -> asynchronous;
      case NO_SPACE_FOR_EVER -> call == Call.WRITE;
      case SHORT_TRANSFER -> call.ordinal() <= Call.COPY.ordinal() && call != Call.FLUSH;
      default -> true;
    };
  }

  private static long failEach(Setting setting, Role role, Call call, FaultKind kind)
      throws Exception {
    for (long n = 0; n < CALLS_MAX; n++) {
      if (!meetsFault(new FaultPoint(setting, role, call, kind, n))) {
        return n;
      }
    }
    throw new AssertionError("the scenario does not end");
  }

  private static boolean meetsFault(FaultPoint point) throws Exception {
    FutureTask<Boolean> run = new FutureTask<>(() -> FaultRun.meetsFault(point));
    Thread thread = new Thread(run, "test-" + point);
    thread.setDaemon(true);
    thread.start();
    try {
      return run.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      AssertionError hangs = new AssertionError(point + " hangs", e);
      hangs.setStackTrace(thread.getStackTrace());
      throw hangs;
    } catch (java.util.concurrent.ExecutionException e) {
      throw new AssertionError(point + ": " + e.getCause().getMessage(), e.getCause());
    }
  }
}
