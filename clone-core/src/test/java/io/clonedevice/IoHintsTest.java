package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.store.FilterBlockStore;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The sizes of requests that the device recommends. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class IoHintsTest {
  @ParameterizedTest
  @CsvSource({
    "65536,     512,   65536",
    "65536,   65536,   65536",
    "65536,  262144,  262144",
    "65536,   98304,   65536",
    "65536,   32768,   65536",
    " 4096, 1048576, 1048576",
  })
  @Tag("A66")
  void optimalSizeIsTheDestinationsIfThatIsAMultipleOfTheRegionSize(
      int regionSize, int destinationOptimum, int expected) throws IOException {
    FilterBlockStore destination =
        new FilterBlockStore(new MemoryBlockStore(1 << 20)) {
          @Override
          public int optimalIoSize() {
            return destinationOptimum;
          }
        };
    try (CloneDevice device =
        CloneDevice.builder()
            .source(new MemoryBlockStore(1 << 20))
            .destination(destination)
            .metadata(new MemoryBlockStore(1 << 20))
            .regionSize(regionSize)
            .suspended()
            .open()) {
      assertThat(device.minimumIoSize()).isEqualTo(regionSize);
      assertThat(device.optimalIoSize()).isEqualTo(expected);
      assertThat(device.blocking().optimalIoSize()).isEqualTo(expected);
    }
  }
}
