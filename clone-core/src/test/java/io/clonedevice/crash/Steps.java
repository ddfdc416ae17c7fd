package io.clonedevice.crash;

import io.clonedevice.CloneRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * All that can go on in a device, one step after the other in an order that chance decides: tasks
 * of the executor, held store calls, duty cycles of the hydrator, time.
 */
final class Steps implements AutoCloseable {
  private static final int STEPS_MAX = 100_000;

  private final List<Runnable> ready = new ArrayList<>();
  private final Random random;
  private final CloneRuntime runtime;
  private boolean inDutyCycle;
  private long nowNs;

  Steps(Random random) {
    this.random = random;
    this.runtime =
        CloneRuntime.builder()
            .steppedByCaller()
            .ioExecutor(ready::add)
            .clock(() -> nowNs)
            .random(random)
            .build();
  }

  CloneRuntime runtime() {
    return runtime;
  }

  void add(Runnable step) {
    ready.add(step);
  }

  void advanceMs(int ms) {
    nowNs += ms * 1_000_000L;
  }

  /** Takes one step; returns whether there was one. */
  boolean takeOne() {
    if (!inDutyCycle && random.nextInt(3) == 0 && dutyCycle()) {
      return true;
    }
    if (!ready.isEmpty()) {
      int chosen = random.nextInt(ready.size());
      Runnable step = ready.get(chosen);
      ready.set(chosen, ready.get(ready.size() - 1));
      ready.remove(ready.size() - 1);
      step.run();
      return true;
    }
    return !inDutyCycle && dutyCycle();
  }

  private boolean dutyCycle() {
    inDutyCycle = true;
    try {
      return runtime.step() > 0;
    } finally {
      inDutyCycle = false;
    }
  }

  /** Takes steps until the device is at rest. */
  void takeAll() {
    int steps = 0;
    while (takeOne()) {
      if (++steps > STEPS_MAX) {
        throw new AssertionError("the device does not come to rest while time stands still");
      }
    }
  }

  @Override
  public void close() {
    runtime.close();
  }
}
