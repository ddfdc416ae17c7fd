package io.clonedevice.engine;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** What a request pays to pass the gate of its device, alone and beside those of other threads. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RequestGateBenchmark {
  private final RequestGate gate = new RequestGate(Waiting.parked());

  /** One thread. */
  @Benchmark
  public boolean alone() {
    return pass();
  }

  /** As many threads as there are processors. */
  @Benchmark
  @Threads(Threads.MAX)
  public boolean together() {
    return pass();
  }

  private boolean pass() {
    boolean inside = gate.tryEnter();
    gate.exit();
    return inside;
  }
}
