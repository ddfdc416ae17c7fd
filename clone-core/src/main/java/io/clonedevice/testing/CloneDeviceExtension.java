package io.clonedevice.testing;

import io.clonedevice.CloneDevice;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives each JUnit test a {@link CloneFixture} of its own, or just its {@link CloneDevice}, as a
 * parameter; and closes it after the test, which fails if something was left open.
 *
 * <pre>{@code
 * class BackupTest {
 *   @RegisterExtension
 *   final CloneDeviceExtension clone =
 *       new CloneDeviceExtension(CloneFixture.builder().hydration(Hydration.background()));
 *
 *   @Test
 *   void readsThroughTheClone(CloneDevice device) { ... }
 *
 *   @Test
 *   void survivesAPowerCut(CloneFixture clone) { ... }
 * }
 * }</pre>
 *
 * <p>{@code @ExtendWith(CloneDeviceExtension.class)} does for the defaults. Tests may run in
 * parallel. Of this package, this class and {@link BlockStoreContract} need JUnit Jupiter on the
 * class path.
 */
public final class CloneDeviceExtension
    implements BeforeEachCallback, AfterEachCallback, ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(CloneDeviceExtension.class);

  private final CloneFixture.Builder fixtures;

  /** Makes an extension for fixtures with the defaults of {@link CloneFixture}. */
  public CloneDeviceExtension() {
    this(CloneFixture.builder());
  }

  /**
   * Makes an extension.
   *
   * @param fixtures makes the fixture of each test; not to be changed afterwards
   */
  public CloneDeviceExtension(CloneFixture.Builder fixtures) {
    this.fixtures = fixtures;
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    context.getStore(NAMESPACE).put(this, fixtures.build());
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    fixtureOf(context).close();
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    boolean known = type == CloneFixture.class || type == CloneDevice.class;
    return known && fixtureOf(context) != null; // none yet in a constructor or before all tests
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    CloneFixture fixture = fixtureOf(context);
    if (parameter.getParameter().getType() == CloneFixture.class) {
      return fixture;
    }
    try {
      return fixture.device();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private CloneFixture fixtureOf(ExtensionContext context) {
    return context.getStore(NAMESPACE).get(this, CloneFixture.class);
  }
}
