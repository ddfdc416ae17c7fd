package io.clonedevice.bench;

import io.clonedevice.store.BlockStore;
import java.io.IOException;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A clone for benchmarks whose requests use regions up: each iteration has a new one over the same
 * files. A subclass sets {@link #clone} before the first.
 */
@State(Scope.Benchmark)
public abstract class RenewedClone {
  BenchClone clone;
  BlockStore blocking;

  /** Makes every region unhydrated. */
  @Setup(Level.Iteration)
  public void renew() throws IOException {
    clone.renew();
    blocking = clone.blocking();
  }

  /** Ends the clone and removes its files. */
  @TearDown
  public void close() throws IOException {
    clone.close();
  }
}
