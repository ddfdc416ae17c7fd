package io.clonedevice.mutants;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Plants each mutant in turn and runs the tests against it, layer by layer, each in a JVM of its
 * own. Prints which layer catches it, by which test and after how long; fails if one is caught by
 * none, or if a layer fails without a mutant.
 *
 * <p>By default a mutant meets the test class that is expected to find it, and the layers only if
 * that one does not. {@code -Dclone.mutants.matrix=true} has each meet all; {@code
 * -Dclone.mutants=NAME,NAME} chooses, and does not run the layers without a mutant first.
 */
public final class MutantHunt {
  private final Path folder;
  private final boolean wholeMatrix = Boolean.getBoolean("clone.mutants.matrix");
  private final List<String> alive = new ArrayList<>();
  private final Map<Layer, Integer> caught = new TreeMap<>();

  private MutantHunt(Path folder) {
    this.folder = folder;
  }

  /** What came of one run of a layer. */
  private record Verdict(boolean isCaught, String text) {}

  /**
   * Hunts.
   *
   * @param arguments none
   */
  public static void main(String[] arguments) throws Exception {
    List<String> chosen =
        Arrays.stream(System.getProperty("clone.mutants", "").split(","))
            .filter(name -> !name.isEmpty())
            .toList();
    List<Mutant> mutants =
        Mutant.all().stream()
            .filter(mutant -> chosen.isEmpty() || chosen.contains(mutant.name()))
            .toList();
    Path folder = Files.createTempDirectory("mutants");
    try {
      System.exit(new MutantHunt(folder).hunt(mutants, chosen.isEmpty()) ? 0 : 1);
    } finally {
      delete(folder);
    }
  }

  private boolean hunt(List<Mutant> mutants, boolean isAll) throws Exception {
    System.out.println("| mutant | layer | caught |\n| --- | --- | --- |");
    Set<Layer> layers = EnumSet.noneOf(Layer.class);
    mutants.forEach(mutant -> layers.add(mutant.layer()));
    boolean sound = !isAll || areSoundWithoutMutant(layers);
    for (Mutant mutant : mutants) {
      Path classes = Files.createDirectories(folder.resolve(mutant.name()));
      mutant.plant(classes);
      meetAll(mutant, classes);
      delete(classes);
    }
    System.out.println(
        mutants.size() + " mutants, caught by layer " + caught + ", by none " + alive);
    return sound && alive.isEmpty();
  }

  private boolean areSoundWithoutMutant(Set<Layer> expected) throws Exception {
    boolean sound = true;
    for (Layer layer : wholeMatrix ? EnumSet.allOf(Layer.class) : expected) {
      Verdict verdict = run(layer, null, null);
      tell("none", layer, verdict);
      sound &= !verdict.isCaught();
    }
    return sound;
  }

  private void meetAll(Mutant mutant, Path classes) throws Exception {
    List<Layer> order = new ArrayList<>(List.of(Layer.values()));
    order.sort(Comparator.comparing(layer -> layer != mutant.layer()));
    boolean found = !wholeMatrix && isCaught(mutant, mutant.layer(), mutant.testClass(), classes);
    for (Layer layer : order) {
      if (found && !wholeMatrix) {
        return;
      }
      found |= isCaught(mutant, layer, null, classes);
    }
    if (!found) {
      alive.add(mutant.name());
    }
  }

  private boolean isCaught(Mutant mutant, Layer layer, String testClass, Path classes)
      throws Exception {
    Verdict verdict = run(layer, testClass, classes);
    tell(mutant.name(), layer, verdict);
    if (verdict.isCaught()) {
      caught.merge(layer, 1, Integer::sum);
    }
    return verdict.isCaught();
  }

  private static void tell(String mutant, Layer layer, Verdict verdict) {
    System.out.println("| " + mutant + " | " + layer + " | " + verdict.text() + " |");
  }

  /** Runs a layer, or one of its test classes, with the classes of a mutant first if there are. */
  private Verdict run(Layer layer, String testClass, Path first)
      throws IOException, InterruptedException {
    Path output = folder.resolve("output.txt");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-ea");
    command.addAll(layer.arguments());
    command.add("-cp");
    command.add((first == null ? "" : first + File.pathSeparator) + Root.CLASS_PATH);
    command.add(LayerRun.class.getName());
    command.add(layer.toString());
    if (testClass != null) {
      command.add(testClass);
    }
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(command)
            .directory(Root.FOLDER.resolve("clone-core").toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(layer.limit().toSeconds(), TimeUnit.SECONDS);
    String seconds = (System.nanoTime() - start) / 1_000_000_000 + " s";
    if (!ended) {
      process.destroyForcibly().waitFor();
      return new Verdict(true, "hangs, " + seconds);
    }
    return switch (process.exitValue()) {
      case LayerRun.PASSED -> new Verdict(false, "no, " + seconds);
      case LayerRun.NO_TESTS -> new Verdict(false, "has no tests here");
      case LayerRun.CAUGHT -> new Verdict(true, toldIn(output) + ", " + seconds);
      default ->
          throw new IllegalStateException(
              layer + " ended with " + process.exitValue() + ": " + Files.readString(output));
    };
  }

  private static String toldIn(Path output) throws IOException {
    return Files.readAllLines(output).stream()
        .filter(line -> line.startsWith(LayerRun.TOLD))
        .map(line -> line.substring(LayerRun.TOLD.length()))
        .findFirst()
        .orElse("?");
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
