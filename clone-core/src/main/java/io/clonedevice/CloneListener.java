package io.clonedevice;

import io.clonedevice.metadata.MetadataMode;

/**
 * Hears what happens to a clone device.
 *
 * <p>Called one event at a time, in order, on a thread of the device's {@link CloneRuntime} that
 * holds no lock: a listener may call the device, {@link CloneDevice#close()} included. What a
 * listener throws is logged and otherwise ignored.
 */
public interface CloneListener {
  /**
   * Every region is hydrated and that is durable: the source is no longer needed. Once for each
   * listener; one that is added later is told at once.
   */
  default void hydrationCompleted() {}

  /**
   * The metadata mode changed.
   *
   * @param mode the new mode
   * @param cause the failure that changed it; {@code null} after {@link
   *     CloneDevice#reopenReadWrite()}
   */
  default void modeChanged(MetadataMode mode, Throwable cause) {}

  /**
   * Background copies have begun to fail; they are retried with growing delays.
   *
   * @param cause why the first one failed
   */
  default void hydrationFailing(Throwable cause) {}

  /**
   * All that failed in the background was copied in the end; told before {@link
   * #hydrationCompleted()}.
   */
  default void hydrationRecovered() {}

  /**
   * Background hydration was turned off after too many failures in a row; {@link
   * CloneDevice#enableHydration()} tries again.
   *
   * @param cause why the last copy failed
   */
  default void hydrationStopped(Throwable cause) {}

  /**
   * Discard passdown was wanted and turned off, as the destination cannot do it.
   *
   * @param reason why
   */
  default void discardPassdownDisabled(String reason) {}
}
