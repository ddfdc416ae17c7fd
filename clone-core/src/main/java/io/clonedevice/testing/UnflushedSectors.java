package io.clonedevice.testing;

/**
 * What a power cut at one instant has to choose from. Never changed: the medium may go on.
 *
 * @param flushed what stays where nothing is chosen
 * @param sectors those with a choice, ascending
 * @param values by index in {@code sectors}: the values since the last flush, oldest first
 */
record UnflushedSectors(SectorMap flushed, long[] sectors, SectorValue[][] values) {

  /**
   * Makes the medium that a power cut leaves.
   *
   * @param choices from {@code first} on one for each sector: 0 for the value at the last flush, n
   *     for the n-th since
   */
  SectorMap left(int[] choices, int first) {
    SectorMap.Editor left = flushed.edit();
    for (int i = 0; i < sectors.length; i++) {
      if (choices[first + i] > 0) {
        left.put(sectors[i], values[i][choices[first + i] - 1]);
      }
    }
    return left.done();
  }
}
