package io.clonedevice.testing;

import java.util.Iterator;
import java.util.List;
import java.util.Random;

/**
 * Stores that lose power together, and the states that a power cut may leave them in.
 *
 * <p>A crash test in three steps: run a history on the stores; at each of its calls go through the
 * states that a power cut would leave; open what is left and check it.
 *
 * <pre>{@code
 * CrashingBlockStore destination = new CrashingBlockStore(size);
 * CrashingBlockStore metadata = new CrashingBlockStore(metadataSize);
 * CrashingMedia media = new CrashingMedia(destination, metadata);
 * media.beforeEachChange(
 *     () -> {
 *       for (List<CrashingBlockStore> left : media.crashStates(1_000, random)) {
 *         check(left.get(0), left.get(1));
 *       }
 *     });
 * }</pre>
 *
 * <p>What is left can be grouped again, for power cuts during the recovery.
 *
 * <p>Thread-safe; see {@link #beforeEachChange} for the thread of the cuts.
 */
public final class CrashingMedia {
  private final List<CrashingBlockStore> stores;

  /**
   * Groups stores. Other stores over the same media, see {@link CrashingBlockStore#reopen()}, are
   * in the group as well.
   *
   * @param stores each of another medium
   */
  public CrashingMedia(CrashingBlockStore... stores) {
    this(List.of(stores));
  }

  /**
   * Groups stores, such as those that a crash left.
   *
   * @param stores each of another medium
   */
  public CrashingMedia(List<CrashingBlockStore> stores) {
    this.stores = List.copyOf(stores);
  }

  /**
   * Sets what is run before each write, discard and flush of any of the stores, in place of what
   * was set before. That and once after the last call are all the instants at which a power cut
   * differs: what an interrupted write leaves is among the states after it, what an interrupted
   * flush leaves among those before it.
   *
   * @param action run on the thread that calls the store, in the midst of that call; may use this
   *     group and call other stores
   */
  public void beforeEachChange(Runnable action) {
    stores.forEach(store -> store.medium().beforeChange(action));
  }

  /**
   * Returns how many states a power cut now may leave, as far as the values of sectors tell them
   * apart.
   *
   * @return at least 1; {@link Long#MAX_VALUE} if there are more
   */
  public long stateCount() {
    return new PowerCut(stores).stateCount();
  }

  /**
   * Returns states that a power cut now may leave: each of them if there are at most {@code
   * countMax}, else a sample.
   *
   * <p>A sample begins with: all lost, all kept, and for each store all kept of that one only. Then
   * chance chooses again and again between: all up to an instant kept in the order of writing, or
   * all since; one block of 4096 bytes kept or lost; one sector kept or lost; blocks and one of
   * them torn; every sector for itself, few, half or most kept, old and new values.
   *
   * @param countMax most states to return, positive
   * @param random decides about samples
   * @return for one iteration; each state is made when it is asked for, and holds one store for
   *     each of the group, in the same order, open and all flushed; no two choose the same values
   */
  public Iterable<List<CrashingBlockStore>> crashStates(int countMax, Random random) {
    if (countMax < 1) {
      throw new IllegalArgumentException(
          "at most " + countMax + " crash states asked for; ask for 1 or more");
    }
    PowerCut cut = new PowerCut(stores);
    Iterator<int[]> choices =
        cut.stateCount() <= countMax
            ? new EveryChoice(cut)
            : new SampledChoices(cut, countMax, random);
    return () ->
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            return choices.hasNext();
          }

          @Override
          public List<CrashingBlockStore> next() {
            return cut.left(choices.next());
          }
        };
  }
}
