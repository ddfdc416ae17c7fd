package io.clonedevice.testing;

import io.clonedevice.testing.PowerCut.Sector;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * Some of the choices of a power cut that has too many, no two alike: those first that are likely
 * to show a mistake, then patterns that chance picks.
 */
final class SampledChoices implements Iterator<int[]> {
  private static final int PATTERN_TRIES = 8;

  private final PowerCut cut;
  private final List<Sector> sectors;
  private final Random random;
  private final Set<Long> seen = new HashSet<>();
  private int count;
  private int left;

  /**
   * @param countMax fewer than there are
   */
  SampledChoices(PowerCut cut, int countMax, Random random) {
    this.cut = cut;
    this.sectors = cut.sectors();
    this.random = random;
    this.left = countMax;
  }

  @Override
  public boolean hasNext() {
    return left > 0;
  }

  @Override
  public int[] next() {
    if (left-- <= 0) {
      throw new NoSuchElementException();
    }
    for (int tries = 0; ; tries++) {
      int[] choice =
          count < 2 + cut.storeCount()
              ? first(count++)
              : tries < PATTERN_TRIES ? pattern() : forEach(this::any);
      if (seen.add(hash(choice))) {
        return choice;
      }
    }
  }

  private int[] first(int number) {
    return switch (number) {
      case 0 -> forEach(sector -> 0);
      case 1 -> forEach(SampledChoices::newest);
      default -> forEach(sector -> sector.store() == number - 2 ? newest(sector) : 0);
    };
  }

  private int[] pattern() {
    Sector some = sectors.get(random.nextInt(sectors.size()));
    long instant = some.values()[random.nextInt(some.values().length)].order();
    return switch (random.nextInt(10)) {
      case 0 -> forEach(sector -> lastUntil(instant, sector));
      case 1 ->
          forEach(sector -> lastUntil(instant, sector) == newest(sector) ? 0 : newest(sector));
      case 2 -> forEach(sector -> sector.isInBlockOf(some) ? newest(sector) : 0);
      case 3 -> forEach(sector -> sector.isInBlockOf(some) ? 0 : newest(sector));
      case 4 -> forEach(sector -> sector.equals(some) ? any(sector) : 0);
      case 5 -> forEach(sector -> sector.equals(some) ? 0 : newest(sector));
      case 6 -> wholeBlocksButThatOf(some);
      case 7 -> forEach(sector -> oneIn(10) ? any(sector) : 0);
      case 8 -> forEach(sector -> oneIn(10) ? any(sector) : newest(sector));
      default -> forEach(this::any);
    };
  }

  private int[] wholeBlocksButThatOf(Sector torn) {
    Sector[] before = new Sector[1];
    boolean[] kept = new boolean[1];
    return forEach(
        sector -> {
          if (before[0] == null || !sector.isInBlockOf(before[0])) {
            kept[0] = random.nextBoolean();
          }
          before[0] = sector;
          return sector.isInBlockOf(torn) ? any(sector) : kept[0] ? newest(sector) : 0;
        });
  }

  private int any(Sector sector) {
    return random.nextInt(newest(sector) + 1);
  }

  private boolean oneIn(int number) {
    return random.nextInt(number) == 0;
  }

  private static int newest(Sector sector) {
    return sector.values().length;
  }

  /** The value that a sector had at an instant. */
  private static int lastUntil(long instant, Sector sector) {
    int value = newest(sector);
    while (value > 0 && sector.values()[value - 1].order() > instant) {
      value--;
    }
    return value;
  }

  private int[] forEach(ToIntFunction<Sector> choice) {
    int[] choices = new int[sectors.size()];
    for (int i = 0; i < choices.length; i++) {
      choices[i] = choice.applyAsInt(sectors.get(i));
    }
    return choices;
  }

  private static long hash(int[] choices) {
    long hash = 0;
    for (int choice : choices) {
      hash = (hash + choice + 1) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 32;
    }
    return hash;
  }
}
