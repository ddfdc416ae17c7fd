package io.clonedevice.testing;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/** Counts through all choices of a power cut, from all lost to all kept. */
final class EveryChoice implements Iterator<int[]> {
  private final List<PowerCut.Sector> sectors;
  private int[] next;

  EveryChoice(PowerCut cut) {
    sectors = cut.sectors();
    next = new int[sectors.size()];
  }

  @Override
  public boolean hasNext() {
    return next != null;
  }

  @Override
  public int[] next() {
    if (next == null) {
      throw new NoSuchElementException();
    }
    int[] result = next.clone();
    int at = 0;
    while (at < next.length && next[at] == sectors.get(at).values().length) {
      next[at++] = 0;
    }
    if (at == next.length) {
      next = null;
    } else {
      next[at]++;
    }
    return result;
  }
}
