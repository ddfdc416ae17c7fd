package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.clonedevice.CloneDevice;
import io.clonedevice.hydration.Hydration;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.platform.testkit.engine.EngineTestKit;

class CloneDeviceExtensionTest {
  private static final Set<CloneFixture> SEEN = new HashSet<>();

  @RegisterExtension
  final CloneDeviceExtension extension =
      new CloneDeviceExtension(
          CloneFixture.builder().randomSource(1 << 16, 5).hydration(Hydration.background()));

  @Test
  void deviceIsThatOfTheFixtureAndHasItsOptions(CloneFixture clone, CloneDevice device)
      throws Exception {
    assertThat(SEEN.add(clone)).isTrue();
    assertThat(device).isSameAs(clone.device());
    assertThat(device.size()).isEqualTo(1 << 16);
    device.hydrated().join();
    assertThat(clone.destination().contents()).isEqualTo(clone.content());
  }

  @Test
  void eachTestHasAFixtureOfItsOwn(CloneFixture clone) {
    assertThat(SEEN.add(clone)).isTrue();
    assertThat(clone.destination().contents()).containsOnly(CloneFixture.OLD_DESTINATION);
  }

  @Test
  void testThatLeavesADeviceOpenFails() {
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(Leaking.class))
        .execute()
        .testEvents()
        .assertStatistics(statistics -> statistics.succeeded(1).failed(1));
  }

  /** Run by the test above only. */
  @ExtendWith(CloneDeviceExtension.class)
  static class Leaking {
    private static CloneDevice forgotten;

    @Test
    void forgets(CloneFixture clone) throws Exception {
      forgotten = clone.deviceBuilder().open();
      forgotten.blocking().read(0, ByteBuffer.allocate(512));
    }

    @Test
    void reads(CloneFixture clone, CloneDevice device) throws Exception {
      ByteBuffer target = ByteBuffer.allocate(512);
      device.blocking().read(0, target);
      assertThat(target.array()).isEqualTo(Arrays.copyOf(clone.content(), 512));
    }
  }
}
