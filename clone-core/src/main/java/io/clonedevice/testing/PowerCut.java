package io.clonedevice.testing;

import java.util.ArrayList;
import java.util.List;

/**
 * What several stores have to choose from when they lose power at one instant. A choice is an array
 * with a number for each unflushed sector, of all stores in a row: 0 for the value at the last
 * flush, n for the n-th since.
 */
final class PowerCut {
  private final List<CrashingBlockStore> stores;
  private final List<UnflushedSectors> unflushed = new ArrayList<>();
  private final List<Sector> sectors = new ArrayList<>();

  /** An unflushed sector, and which of the stores it is in. */
  record Sector(int store, long index, SectorValue[] values) {
    private static final int PER_BLOCK = 8;

    boolean isInBlockOf(Sector other) {
      return store == other.store && index / PER_BLOCK == other.index / PER_BLOCK;
    }
  }

  PowerCut(List<CrashingBlockStore> stores) {
    this.stores = stores;
    for (int store = 0; store < stores.size(); store++) {
      UnflushedSectors each = stores.get(store).medium().unflushed();
      unflushed.add(each);
      for (int i = 0; i < each.sectors().length; i++) {
        sectors.add(new Sector(store, each.sectors()[i], each.values()[i]));
      }
    }
  }

  int storeCount() {
    return stores.size();
  }

  List<Sector> sectors() {
    return sectors;
  }

  /** How many choices there are, {@link Long#MAX_VALUE} if more than that. */
  long stateCount() {
    long count = 1;
    for (Sector sector : sectors) {
      int values = sector.values().length + 1;
      if (count > Long.MAX_VALUE / values) {
        return Long.MAX_VALUE;
      }
      count *= values;
    }
    return count;
  }

  /** What is left after a choice. */
  List<CrashingBlockStore> left(int[] choices) {
    List<CrashingBlockStore> left = new ArrayList<>(stores.size());
    int first = 0;
    for (int store = 0; store < stores.size(); store++) {
      left.add(stores.get(store).left(unflushed.get(store).left(choices, first)));
      first += unflushed.get(store).sectors().length;
    }
    return left;
  }
}
