package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.StoreCall;
import org.junit.jupiter.api.Test;

/** Discards of a device that is shorter than a region: its only region is cut short. */
class SingleRegionDiscardTest {
  private static final int SIZE = 3 * 512;

  @Test
  void discardOfTheWholeDeviceIsPassedDown() throws Exception {
    Media media = new Media(SIZE, 4096);
    try (CloneDevice device = media.builder().open()) {
      device.discard(0, device.discardSupport().maxLength()).join();
      assertThat(device.status().discardPassdown()).isTrue();
      assertThat(device.status().hydratedRegions()).isEqualTo(1);
    }
    assertThat(media.journal().calls())
        .contains(new StoreCall("destination", Operation.DISCARD, 0, SIZE));
  }
}
