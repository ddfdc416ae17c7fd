package io.clonedevice.mutants;

import static org.junit.platform.engine.discovery.ClassNameFilter.excludeClassNamePatterns;
import static org.junit.platform.engine.discovery.ClassNameFilter.includeClassNamePatterns;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;
import static org.junit.platform.launcher.TagFilter.excludeTags;

import java.util.Arrays;
import java.util.Timer;
import java.util.TimerTask;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * The JVM that runs a layer, or some test classes of it, and ends at the first test that fails or
 * takes too long.
 */
final class LayerRun implements TestExecutionListener {
  static final int PASSED = 0;
  static final int CAUGHT = 10;
  static final int NO_TESTS = 20;

  /** What the line that names the failed test begins with. */
  static final String TOLD = "caught by ";

  private final Layer layer;
  private final Timer timer = new Timer(true);

  // By the thread that runs the tests.
  private int tests;
  private TimerTask alarm;

  private LayerRun(Layer layer) {
    this.layer = layer;
  }

  /**
   * Runs tests.
   *
   * @param arguments the layer, then patterns of the names of its test classes if not all
   */
  public static void main(String[] arguments) {
    Layer layer = Layer.named(arguments[0]);
    String[] included = {layer.included()};
    if (arguments.length > 1) {
      included = Arrays.copyOfRange(arguments, 1, arguments.length);
    }
    var request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectPackage(layer.packageName()))
            .filters(
                includeClassNamePatterns(included),
                excludeClassNamePatterns(layer.excluded()),
                excludeTags("kernel"))
            .build();
    LayerRun run = new LayerRun(layer);
    LauncherFactory.create().execute(request, run);
    Runtime.getRuntime().halt(run.tests == 0 ? NO_TESTS : PASSED);
  }

  @Override
  public void executionStarted(TestIdentifier test) {
    if (test.isTest()) {
      tests++;
      String what = nameOf(test) + " (hang), test " + tests;
      alarm =
          new TimerTask() {
            @Override
            public void run() {
              endCaught(what, "takes more than " + layer.testLimit());
            }
          };
      timer.schedule(alarm, layer.testLimit().toMillis());
    }
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    if (test.isTest()) {
      alarm.cancel();
    }
    if (result.getStatus() == Status.FAILED) {
      endCaught(
          nameOf(test) + ", test " + tests, String.valueOf(result.getThrowable().orElse(null)));
    }
  }

  private static void endCaught(String by, String why) {
    System.out.println(TOLD + by);
    System.out.println(why);
    Runtime.getRuntime().halt(CAUGHT);
  }

  private static String nameOf(TestIdentifier test) {
    return test.getSource()
        .filter(MethodSource.class::isInstance)
        .map(MethodSource.class::cast)
        .map(source -> source.getClassName().replaceAll(".*\\.", "") + "." + source.getMethodName())
        .orElse(test.getDisplayName());
  }
}
