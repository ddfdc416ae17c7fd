package io.clonedevice.engine;

import java.util.concurrent.Executor;

/** Runs background copies. */
@FunctionalInterface
public interface CopyExecutor extends Executor {
  /**
   * Returns whether other tasks wait for a thread, such that none is to be kept from them for more
   * than a copy.
   *
   * @return {@code true} if that is not known
   */
  default boolean isWantedByOthers() {
    return true;
  }
}
