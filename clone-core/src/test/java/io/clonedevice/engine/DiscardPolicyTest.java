package io.clonedevice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.RegionGeometry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Arithmetic of discards that no device in a test is large enough for. */
class DiscardPolicyTest {
  private static final long REGION = 4096;

  @Test
  @Tag("B5")
  void rangeTakesAsManyCallsAsTheDestinationNeeds() {
    assertThat(DiscardPolicy.callsFor(512, REGION)).isEqualTo(1);
    assertThat(DiscardPolicy.callsFor(REGION, REGION)).isEqualTo(1);
    assertThat(DiscardPolicy.callsFor(REGION + 512, REGION)).isEqualTo(2);
  }

  @Test
  @Tag("B5")
  void largestDeviceTakesOneCallARegionIfTheDestinationNeedsThat() {
    long regions = RegionGeometry.MAX_REGION_COUNT;
    assertThat(DiscardPolicy.callsFor(regions * REGION, REGION)).isEqualTo(regions);
  }
}
