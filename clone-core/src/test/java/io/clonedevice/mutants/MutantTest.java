package io.clonedevice.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The mutants do not rot silently when the main code changes. */
class MutantTest {
  private final List<Mutant> mutants = Mutant.all();

  @Test
  void eachChangesATextThatStandsOnceInItsClass() {
    for (Mutant mutant : mutants) {
      assertThat(mutant.occurrences())
          .as("%s: how often its text stands in %s", mutant.name(), mutant.className())
          .isEqualTo(1);
      assertThat(mutant.after()).as(mutant.name()).isNotEqualTo(mutant.before());
      assertThat(mutant.breaks()).as(mutant.name()).endsWith(".");
    }
  }

  @Test
  void eachIsExpectedByATestClassOfItsLayer() throws IOException {
    List<String> testClasses = testClasses();
    for (Mutant mutant : mutants) {
      assertThat(testClasses)
          .as(mutant.name())
          .anyMatch(
              testClass ->
                  testClass.endsWith("." + mutant.testClass()) && mutant.layer().has(testClass));
    }
  }

  private static List<String> testClasses() throws IOException {
    List<String> names = new ArrayList<>();
    for (String module : List.of("clone-metadata", "clone-core")) {
      Path root = Root.FOLDER.resolve(module).resolve("src/test/java");
      try (Stream<Path> files = Files.walk(root)) {
        files
            .map(file -> root.relativize(file).toString())
            .filter(file -> file.endsWith(".java"))
            .forEach(file -> names.add(file.replace(".java", "").replace(File.separator, ".")));
      }
    }
    return names;
  }

  @Test
  void thereAreEnoughOfThem() {
    assertThat(mutants).hasSizeGreaterThanOrEqualTo(15);
  }
}
