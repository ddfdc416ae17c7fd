package io.clonedevice.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Plants each mutant in turn and runs tests against it, each layer in a JVM of its own. Prints
 * which layer catches it, by which test and after how long; fails if one is caught by none of those
 * it met, or if these fail without a mutant.
 *
 * <p>By default a mutant meets the test class that is expected to find it. {@code
 * -Dclone.mutants.layers=NAME,NAME} or {@code all} has each meet those layers whole; {@code
 * -Dclone.mutants=NAME,NAME} chooses mutants.
 */
public final class MutantHunt {
  private final List<Mutant> mutants = chosenMutants();
  private final List<Layer> chosenLayers = chosenLayers();
  private final Map<Layer, Integer> caught = new TreeMap<>();
  private final Path folder;
  private final TestRuns runs;

  private MutantHunt(Path folder) {
    this.folder = folder;
    this.runs = new TestRuns(folder.resolve("output.txt"));
  }

  /**
   * Hunts.
   *
   * @param arguments none
   */
  public static void main(String[] arguments) throws Exception {
    Path folder = Files.createTempDirectory("mutants");
    boolean well;
    try {
      well = new MutantHunt(folder).hunt();
    } finally {
      delete(folder);
    }
    System.exit(well ? 0 : 1);
  }

  private static List<Mutant> chosenMutants() {
    List<String> names = listed("clone.mutants");
    List<Mutant> all = Mutant.all();
    for (String name : names) {
      if (all.stream().noneMatch(mutant -> mutant.name().equals(name))) {
        throw new IllegalArgumentException("no mutant is named " + name);
      }
    }
    return all.stream().filter(m -> names.isEmpty() || names.contains(m.name())).toList();
  }

  private static List<Layer> chosenLayers() {
    List<String> names = listed("clone.mutants.layers");
    return names.equals(List.of("all"))
        ? List.of(Layer.values())
        : names.stream().map(Layer::named).toList();
  }

  private static List<String> listed(String property) {
    return Arrays.stream(System.getProperty(property, "").split(","))
        .filter(name -> !name.isEmpty())
        .toList();
  }

  private boolean hunt() throws Exception {
    long start = System.nanoTime();
    System.out.println("| mutant | layer | caught by |\n| --- | --- | --- |");
    boolean sound = areSoundWithoutMutant();
    List<String> alive = new ArrayList<>();
    for (Mutant mutant : sound ? mutants : List.<Mutant>of()) {
      Path classes = Files.createDirectories(folder.resolve(mutant.name()));
      mutant.plant(classes);
      if (!isCaught(mutant, classes)) {
        alive.add(mutant.name());
      }
      delete(classes);
    }
    System.out.printf(
        "%s; %d mutants, caught by layer %s, by none %s; %d s%n",
        sound ? "the tests pass without mutant" : "the tests FAIL without mutant",
        mutants.size(),
        caught,
        alive,
        (System.nanoTime() - start) / 1_000_000_000);
    return sound && alive.isEmpty();
  }

  /** What the mutants are about to meet must pass without them. */
  private boolean areSoundWithoutMutant() throws Exception {
    boolean sound = true;
    for (Layer layer : Layer.values()) {
      List<String> expected =
          mutants.stream()
              .filter(mutant -> mutant.layer() == layer)
              .map(Mutant::testClass)
              .distinct()
              .toList();
      if (chosenLayers.contains(layer)) {
        sound &= isSound(layer, List.of());
      } else if (chosenLayers.isEmpty() && !expected.isEmpty()) {
        sound &= isSound(layer, expected);
      }
    }
    return sound;
  }

  private boolean isSound(Layer layer, List<String> testClasses) throws Exception {
    TestRuns.Verdict verdict = runs.run(layer, testClasses, null);
    tell("none", layer, verdict);
    if (verdict.isCaught()) {
      Files.copy(runs.output(), System.out);
    }
    return !verdict.isCaught();
  }

  private boolean isCaught(Mutant mutant, Path classes) throws Exception {
    if (chosenLayers.isEmpty()) {
      return meets(mutant, mutant.layer(), List.of(mutant.testClass()), classes);
    }
    boolean found = false;
    for (Layer layer : chosenLayers) {
      found |= meets(mutant, layer, List.of(), classes);
    }
    return found;
  }

  private boolean meets(Mutant mutant, Layer layer, List<String> testClasses, Path classes)
      throws Exception {
    TestRuns.Verdict verdict = runs.run(layer, testClasses, classes);
    tell(mutant.name(), layer, verdict);
    if (verdict.isCaught()) {
      caught.merge(layer, 1, Integer::sum);
    }
    return verdict.isCaught();
  }

  private static void tell(String mutant, Layer layer, TestRuns.Verdict verdict) {
    System.out.println("| " + mutant + " | " + layer + " | " + verdict.text() + " |");
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
