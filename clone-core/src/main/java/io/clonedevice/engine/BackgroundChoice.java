package io.clonedevice.engine;

/** Which regions the hydrator wants now; asked while it looks for the next ones to claim. */
public interface BackgroundChoice {
  /**
   * Returns where the regions that must not be copied now end.
   *
   * @param region an unhydrated region
   * @return the region itself if it may be copied now, else the first one after it to ask about
   */
  long firstAllowedFrom(long region);

  /**
   * Returns how many regions may be copied in one go.
   *
   * @param region the first of them
   * @return positive
   */
  long regionCountMax(long region);
}
