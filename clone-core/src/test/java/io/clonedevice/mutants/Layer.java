package io.clonedevice.mutants;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A kind of tests that may find a defect. */
enum Layer {
  METADATA("io.clonedevice.metadata", ".*Test", ".*\\.tool\\..*", 120),
  BEHAVIOUR(
      "io.clonedevice",
      ".*Test",
      "io\\.clonedevice\\.(metadata|stress|mutants|kernel|dm|store|testing|simulation|faults|process|fuzz)\\..*"
          + "|.*(Model|Crash|LargeDevice|BehaviourCoverage).*",
      120),
  STORE("io.clonedevice.store", ".*Test", "", 120),
  MODEL("io.clonedevice", ".*\\.CloneDeviceModelTest", "", 120),
  CRASH("io.clonedevice", "io\\.clonedevice\\.(crash\\..*|Crash.*)Test", "", 600),
  SIMULATION("io.clonedevice.simulation", ".*Test", "", 600),
  FAULTS("io.clonedevice.faults", ".*Test", "", 600),
  STRESS("io.clonedevice.stress", ".*StressTest", "", 120);

  private final String packageName;
  private final String included;
  private final String excluded;
  private final Duration testLimit;

  Layer(String packageName, String included, String excluded, int testLimitSeconds) {
    this.packageName = packageName;
    this.included = included;
    this.excluded = excluded;
    this.testLimit = Duration.ofSeconds(testLimitSeconds);
  }

  static Layer named(String name) {
    return Arrays.stream(values())
        .filter(layer -> layer.toString().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no layer is named " + name));
  }

  /** Tests are looked for in this package and those below it. */
  String packageName() {
    return packageName;
  }

  /** A pattern that the names of the test classes match. */
  String included() {
    return included;
  }

  /** A pattern that they do not match. */
  String excluded() {
    return excluded;
  }

  boolean has(String testClass) {
    return testClass.startsWith(packageName + ".")
        && testClass.matches(included)
        && !testClass.matches(excluded);
  }

  /** A test that takes longer hangs. */
  Duration testLimit() {
    return testLimit;
  }

  /** Arguments for the JVM that runs the layer. */
  List<String> arguments() {
    return this == STRESS ? List.of("-Dclone.stress.time=PT60S") : List.of();
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
