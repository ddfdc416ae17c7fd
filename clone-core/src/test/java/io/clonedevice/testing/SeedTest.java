package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated("sets the system property that other random tests read")
class SeedTest {
  private final String before = System.getProperty(Seed.PROPERTY);

  @AfterEach
  void restore() {
    if (before == null) {
      System.clearProperty(Seed.PROPERTY);
    } else {
      System.setProperty(Seed.PROPERTY, before);
    }
  }

  @Test
  void propertyFixesTheValueAndEveryStream() {
    System.setProperty(Seed.PROPERTY, "-42");
    Seed first = new Seed();
    Seed second = new Seed();
    assertThat(first.value()).isEqualTo(-42);
    assertThat(first.stream().nextLong()).isEqualTo(second.stream().nextLong());
    assertThat(first.stream().nextLong()).isEqualTo(second.stream().nextLong());
    assertThat(Seed.random().nextLong()).isEqualTo(new Seed().stream().nextLong());
  }

  @Test
  void streamsOfASeedDiffer() {
    Seed seed = new Seed();
    assertThat(seed.stream().nextLong()).isNotEqualTo(seed.stream().nextLong());
  }

  @Test
  void withoutThePropertyChanceDecides() {
    System.clearProperty(Seed.PROPERTY);
    assertThat(new Seed().value()).isNotEqualTo(new Seed().value());
  }
}
