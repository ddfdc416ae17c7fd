package io.clonedevice.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
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
  void thereAreEnoughOfThem() {
    assertThat(mutants).hasSizeGreaterThanOrEqualTo(15);
  }
}
