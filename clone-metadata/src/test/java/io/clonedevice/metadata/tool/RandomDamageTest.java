package io.clonedevice.metadata.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.metadata.TestSeed;
import io.clonedevice.metadata.persistent.MetadataFault;
import io.clonedevice.metadata.persistent.MetadataLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random damage of all kinds: {@code -Dclone.damage.cases=N} tries more of it.
 *
 * <p>In each case: the check ends, reads no block twice, and finds a fault unless the metadata
 * still means what it meant; what it calls sound opens, and nothing else does; a repair makes sound
 * metadata in which no region is hydrated that was not before; a repair in place that is cut short
 * has lost nothing.
 */
class RandomDamageTest {
  private static final int CASES = Integer.getInteger("clone.damage.cases", 10_000);

  /** Faults of metadata that the kernel and other checkers tolerate, and that nobody writes. */
  private static final String STRICTER =
      "max_entries|key \\d+|flags|depth|value_size|nr_entries.*|block number of bitmap \\d+";

  @TempDir private Path folder;

  private final Map<Damage, int[]> tally = new EnumMap<>(Damage.class);

  @Test
  void noDamageThatChangesTheMeaningGoesUnnoticed() throws IOException {
    Random random = TestSeed.random();
    List<SampleImage> images = images(random);
    for (int number = 0; number < CASES; number++) {
      Damage damage = Damage.values()[number % Damage.values().length];
      Damage.Case damaged = damage.inflict(suitable(damage, images, random), random);
      String name = "case " + number + ", " + damage + " of " + damaged.image().name();
      try {
        MetadataCheck check = judge(damaged);
        if (!check.isSound()) {
          repair(damaged, random);
        }
        count(damage, damaged, check);
      } catch (AssertionError | RuntimeException | IOException e) {
        throw new AssertionError(name + ": " + damaged.what(), e);
      }
    }
    tally.forEach(
        (damage, counts) ->
            System.out.println(
                damage
                    + ": "
                    + counts[0]
                    + " tried, "
                    + counts[1]
                    + " found, "
                    + counts[2]
                    + " without effect, "
                    + counts[3]
                    + " believed"));
  }

  /** Small ones, so that every block gets its share; some with nodes above the leaves. */
  private static List<SampleImage> images(Random random) throws IOException {
    return List.of(
        SampleImage.written("one array block", 100, 24, 2, random),
        SampleImage.written("three array blocks", 70_001, 64, 3, random),
        SampleImage.written("three array blocks, much reused", 70_001, 18, 40, random),
        SampleImage.written("two levels", 253 * 32_576 - 5, 600, 2, random),
        SampleImage.golden("tiny-meta-2"),
        SampleImage.golden("churn-3"),
        SampleImage.golden("crash-4"));
  }

  private static SampleImage suitable(Damage damage, List<SampleImage> images, Random random) {
    while (true) {
      SampleImage image = images.get(random.nextInt(images.size()));
      boolean small = image.types().size() < 100 || random.nextInt(30) == 0;
      if (small && damage.suits(image)) {
        return image;
      }
    }
  }

  private static MetadataCheck judge(Damage.Case damaged) throws IOException {
    ImageDevice device = damaged.device();
    device.readOnly = true;
    device.blocksRead = 0;
    MetadataCheck check = MetadataCheck.of(device);
    assertThat(device.blocksRead).as("blocks read").isLessThanOrEqualTo(device.blockCount());
    Meaning meaning;
    try {
      meaning = Meaning.of(device);
    } catch (IOException e) {
      assertThat(check.isSound()).as("sound to the check, but opening says: " + e).isFalse();
      return check;
    }
    assertThat(check.faults()).as("faults of metadata that opens").isEmpty();
    assertThat(check.summary().hydrated()).isEqualTo(meaning.hydrated().cardinality());
    if (damaged.isSizeForged()) {
      assertThat(meaning.hydrated()).isEqualTo(damaged.legal().get(0).hydrated());
    } else if (damaged.isJudged()) {
      assertThat(meaning).as("meaning").isIn(damaged.legal());
    }
    return check;
  }

  private static void repair(Damage.Case damaged, Random random) throws IOException {
    ImageDevice device = damaged.device();
    MetadataRepair repair = MetadataRepair.of(device);
    if (!repair.isPossible()) {
      repair = repair.startingOver(damaged.image().meaning().geometry());
    }
    long lost = repair.lost().stream().mapToLong(RegionRange::count).sum();
    assertThat(repair.hydrated() + lost).isLessThanOrEqualTo(repair.geometry().regionCount());
    ImageDevice target =
        new ImageDevice(MetadataLayout.blocksToFormat(repair.geometry().regionCount()));
    repair.writeTo(target);
    verifyRepaired(damaged, repair, target);
    repairInPlace(damaged, repair, random);
  }

  private static void repairInPlace(Damage.Case damaged, MetadataRepair expected, Random random)
      throws IOException {
    ImageDevice device = damaged.device().copy();
    device.failAfterWrites(random.nextInt(12));
    MetadataRepair first = repairOf(device, expected);
    try {
      first.writeInPlace();
    } catch (IOException cutShort) {
      device.failAfterWrites(Long.MAX_VALUE);
      MetadataRepair second = repairOf(device, expected);
      assertThat(second.lost()).as("lost after: " + cutShort).isEqualTo(expected.lost());
      try {
        second.writeInPlace();
      } catch (IOException e) {
        assertThat(e).hasMessageStartingWith("No space left"); // beside what is there
        return;
      }
    }
    verifyRepaired(damaged, expected, device);
  }

  private static MetadataRepair repairOf(ImageDevice device, MetadataRepair like) {
    MetadataRepair repair = MetadataRepair.of(device);
    return repair.isPossible() ? repair : repair.startingOver(like.geometry());
  }

  private static void verifyRepaired(
      Damage.Case damaged, MetadataRepair repair, ImageDevice repaired) throws IOException {
    assertThat(MetadataCheck.of(repaired).faults()).as("faults after repair").isEmpty();
    Meaning meaning = Meaning.of(repaired);
    assertThat(meaning.geometry()).isEqualTo(repair.geometry());
    assertThat((long) meaning.hydrated().cardinality()).isEqualTo(repair.hydrated());
    if (!damaged.isJudged() || damaged.judgedRepair() == Damage.Judged.NONE) {
      return;
    }
    boolean all = damaged.judgedRepair() == Damage.Judged.ALL;
    BitSet mayBeHydrated = (BitSet) damaged.mayBeHydrated().clone();
    for (RegionRange range : all ? List.<RegionRange>of() : repair.uncorroborated()) {
      mayBeHydrated.set((int) range.first(), (int) (range.first() + range.count()));
    }
    assertThat(meaning.saysMoreThan(mayBeHydrated)).as("too much hydrated").isFalse();
    if (all && !damaged.isSizeForged()) {
      verifyLosses(damaged, repair, meaning);
    }
  }

  /** What is not lost is as it was, in one of the states. */
  private static void verifyLosses(Damage.Case damaged, MetadataRepair repair, Meaning meaning) {
    List<Meaning> expected = new ArrayList<>();
    for (Meaning legal : damaged.legal()) {
      Meaning kept = new Meaning(legal.geometry(), (BitSet) legal.hydrated().clone());
      for (RegionRange range : repair.lost()) {
        kept.hydrated().clear((int) range.first(), (int) (range.first() + range.count()));
      }
      expected.add(kept);
    }
    assertThat(meaning).as("what was kept").isIn(expected);
  }

  private void count(Damage damage, Damage.Case damaged, MetadataCheck check) {
    int[] counts = tally.computeIfAbsent(damage, key -> new int[4]);
    counts[0]++;
    boolean believed = damaged.isSizeForged() || !damaged.isJudged();
    counts[!check.isSound() ? 1 : believed ? 3 : 2]++;
  }

  @Test
  void theIndependentCheckerAgrees() throws IOException {
    String checker = System.getProperty("clone.checker");
    assumeTrue(checker != null, "skipped: -Dclone.checker=clone_meta.py names no checker script");
    Random random = TestSeed.random();
    List<SampleImage> images = images(random);
    int stricter = 0;
    for (int number = 0; number < CASES / 50; number++) {
      Damage damage = Damage.values()[number % Damage.values().length];
      if (damage == Damage.BAD_SECTORS) {
        continue;
      }
      Damage.Case damaged = damage.inflict(suitable(damage, images, random), random);
      MetadataCheck check = MetadataCheck.of(damaged.device());
      String verdict = ask(checker, damaged.device());
      if (verdict.startsWith("OK") == check.isSound()) {
        if (!check.isSound()) {
          askAboutRepaired(checker, damaged);
        }
        continue;
      }
      String what = damage + " of " + damaged.image().name() + ": " + damaged.what();
      assertThat(check.faults()).as(what + ": " + verdict).isNotEmpty();
      assertThat(check.faults())
          .as(what)
          .extracting(MetadataFault::field)
          .anyMatch(field -> field.matches(STRICTER));
      System.out.println("stricter: " + what + ": " + check.faults().get(0));
      stricter++;
    }
    System.out.println(stricter + " of " + CASES / 50 + " verdicts differ: stricter");
  }

  private void askAboutRepaired(String checker, Damage.Case damaged) throws IOException {
    MetadataRepair repair = repairOf(damaged.device(), MetadataRepair.of(damaged.image().device()));
    ImageDevice target =
        new ImageDevice(MetadataLayout.blocksToFormat(repair.geometry().regionCount()));
    repair.writeTo(target);
    assertThat(ask(checker, target)).as(damaged.what() + ", repaired").startsWith("OK");
  }

  private String ask(String checker, ImageDevice device) throws IOException {
    Path image = Files.write(folder.resolve("metadata.img"), device.toBytes());
    Process process =
        new ProcessBuilder("python3", checker, "check", image.toString())
            .redirectErrorStream(true)
            .start();
    String verdict = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(verdict).doesNotContain("Traceback");
    return verdict.lines().filter(line -> !line.startsWith("NOTE")).findFirst().orElse("");
  }
}
