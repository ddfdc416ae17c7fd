package io.clonedevice.engine;

import io.clonedevice.metadata.MetadataMode;

/** What the engine tells the one who opened it; called on any thread, must return at once. */
public interface EngineEvents {
  /**
   * The metadata mode changed.
   *
   * @param mode the new mode
   * @param cause the failure that changed it, {@code null} if none did
   */
  void modeChanged(MetadataMode mode, Throwable cause);

  /** Every region is hydrated, committed and durable, and nobody reads the source; once. */
  void hydrationCompleted();
}
