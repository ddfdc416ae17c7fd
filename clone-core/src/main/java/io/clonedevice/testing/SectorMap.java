package io.clonedevice.testing;

import java.util.HashMap;
import java.util.Map;

/**
 * The sectors of a medium, sparse. Never changed: a changed medium is another map, which shares all
 * but the pages of the sectors that differ. So a power cut copies little, however large the medium.
 */
final class SectorMap {
  static final SectorMap EMPTY = new SectorMap(Map.of(), 0);

  private static final int PAGE_SHIFT = 6;
  private static final int PAGE_SECTORS = 1 << PAGE_SHIFT;

  private final Map<Long, SectorValue[]> pages;
  private final long fingerprint;

  private SectorMap(Map<Long, SectorValue[]> pages, long fingerprint) {
    this.pages = pages;
    this.fingerprint = fingerprint;
  }

  SectorValue get(long sector) {
    SectorValue[] page = pages.get(sector >>> PAGE_SHIFT);
    SectorValue value = page == null ? null : page[(int) sector & (PAGE_SECTORS - 1)];
    return value == null ? SectorValue.ZEROES : value;
  }

  /** Equal for maps with the same bytes, and with all likelihood for no others. */
  long fingerprint() {
    return fingerprint;
  }

  /** Begins a map that differs from this one. */
  Editor edit() {
    return new Editor();
  }

  /** Collects changes; for one use. */
  final class Editor {
    private Map<Long, SectorValue[]> changed;
    private long changedFingerprint = fingerprint;
    private long pageNumber = -1;
    private SectorValue[] page;

    /** Changes a sector; cheapest in ascending order. */
    void put(long sector, SectorValue value) {
      if (sector >>> PAGE_SHIFT != pageNumber) {
        turnTo(sector >>> PAGE_SHIFT);
      }
      int index = (int) sector & (PAGE_SECTORS - 1);
      if (page[index] != null) {
        changedFingerprint -= page[index].fingerprintAt(sector);
      }
      changedFingerprint += value.fingerprintAt(sector);
      page[index] = value;
    }

    private void turnTo(long number) {
      if (changed == null) {
        changed = new HashMap<>(pages);
      }
      SectorValue[] old = changed.get(number);
      boolean own = old != null && old != pages.get(number);
      page = own ? old : old == null ? new SectorValue[PAGE_SECTORS] : old.clone();
      pageNumber = number;
      changed.put(number, page);
    }

    SectorMap done() {
      return changed == null ? SectorMap.this : new SectorMap(changed, changedFingerprint);
    }
  }
}
