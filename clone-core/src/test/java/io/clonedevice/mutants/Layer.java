package io.clonedevice.mutants;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** A kind of tests that may find a defect. */
enum Layer {
  METADATA("io.clonedevice.metadata", ".*Test", ".*\\.tool\\..*", 180),
  BEHAVIOUR(
      "io.clonedevice",
      ".*Test",
      "io\\.clonedevice\\.(metadata|stress|mutants|kernel|dm|store|testing|simulation|faults|process|fuzz)\\..*"
          + "|.*(Model|Crash|LargeDevice|BehaviourCoverage).*",
      300),
  MODEL("io.clonedevice", ".*\\.CloneDeviceModelTest", "", 120),
  CRASH("io.clonedevice", "io\\.clonedevice\\.(crash\\..*|Crash.*)Test", "", 180),
  SIMULATION("io.clonedevice.simulation", ".*Test", "", 300),
  FAULTS("io.clonedevice.faults", ".*Test", "", 300),
  STRESS("io.clonedevice.stress", ".*StressTest", "", 180);

  private final String packageName;
  private final String included;
  private final String excluded;
  private final Duration limit;

  Layer(String packageName, String included, String excluded, int limitSeconds) {
    this.packageName = packageName;
    this.included = included;
    this.excluded = excluded;
    this.limit = Duration.ofSeconds(limitSeconds);
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

  /** A run that takes longer hangs. */
  Duration limit() {
    return limit;
  }

  /** Arguments for the JVM that runs the layer. */
  List<String> arguments() {
    return this == STRESS ? List.of("-Dclone.stress.time=PT60S") : List.of();
  }

  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
