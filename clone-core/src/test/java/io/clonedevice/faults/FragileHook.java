package io.clonedevice.faults;

import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/** An executor that takes no task, or a clock that tells no time, at chosen calls. */
final class FragileHook implements Fragile {
  private final Consumer<Runnable> place;
  private long calls;
  private long faults;

  /**
   * @param place where something that may throw can be run before each call
   */
  FragileHook(Consumer<Runnable> place) {
    this.place = place;
  }

  @Override
  public void arm(FaultPoint point) {
    place.accept(
        () -> {
          long call = calls++;
          if (call >= point.n() && call - point.n() < point.kind().count()) {
            faults++;
            throwIt(point.kind().failure());
          }
        });
  }

  /** Neither executors nor clocks throw checked exceptions. */
  private static void throwIt(Throwable failure) {
    if (failure instanceof Error e) {
      throw e;
    }
    throw new RejectedExecutionException(failure);
  }

  @Override
  public long faultCount() {
    return faults;
  }

  @Override
  public void heal() {
    place.accept(() -> {});
  }
}
