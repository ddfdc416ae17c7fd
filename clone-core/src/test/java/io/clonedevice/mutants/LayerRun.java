package io.clonedevice.mutants;

import static org.junit.platform.engine.discovery.ClassNameFilter.excludeClassNamePatterns;
import static org.junit.platform.engine.discovery.ClassNameFilter.includeClassNamePatterns;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;
import static org.junit.platform.launcher.TagFilter.excludeTags;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The JVM that runs a layer, or one test class of it, and ends at the first test that fails. */
final class LayerRun {
  static final int PASSED = 0;
  static final int CAUGHT = 10;
  static final int NO_TESTS = 20;

  /** What the line that names the failed test begins with. */
  static final String TOLD = "caught by ";

  private LayerRun() {}

  public static void main(String[] arguments) {
    Layer layer = Layer.named(arguments[0]);
    String included = arguments.length > 1 ? ".*\\." + arguments[1] : layer.included();
    var request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectPackage(layer.packageName()))
            .filters(
                includeClassNamePatterns(included),
                excludeClassNamePatterns(layer.excluded()),
                excludeTags("kernel"))
            .build();
    AtomicInteger tests = new AtomicInteger();
    LauncherFactory.create()
        .execute(
            request,
            new TestExecutionListener() {
              @Override
              public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (test.isTest()) {
                  tests.incrementAndGet();
                }
                if (result.getStatus() == Status.FAILED) {
                  System.out.println(TOLD + nameOf(test) + ", test " + tests);
                  result.getThrowable().ifPresent(System.out::println);
                  Runtime.getRuntime().halt(CAUGHT);
                }
              }
            });
    Runtime.getRuntime().halt(tests.get() == 0 ? NO_TESTS : PASSED);
  }

  private static String nameOf(TestIdentifier test) {
    Optional<MethodSource> method =
        test.getSource().filter(MethodSource.class::isInstance).map(MethodSource.class::cast);
    return method
        .map(source -> source.getClassName().replaceAll(".*\\.", "") + "." + source.getMethodName())
        .orElse(test.getDisplayName());
  }
}
