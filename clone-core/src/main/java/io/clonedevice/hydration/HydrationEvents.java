package io.clonedevice.hydration;

/** What a device's hydrator tells the device's owner; called on any thread, must return at once. */
public interface HydrationEvents {
  /**
   * Background copies have begun to fail, after none had.
   *
   * @param cause why the first one failed
   */
  void hydrationFailing(Throwable cause);

  /** Background copies succeed again, after {@link #hydrationFailing}. */
  void hydrationRecovered();

  /**
   * Background hydration was turned off, as too many copies in a row had failed.
   *
   * @param cause why the last one failed
   */
  void hydrationStopped(Throwable cause);
}
