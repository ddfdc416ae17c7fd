package io.clonedevice.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What open metadata costs that nobody changes. */
class IdleMetadataMemoryTest {
  private static final int COUNT = 256;
  private static final int TRANSFER_BUFFER = 128 << 10;

  @Test
  void buffersForManyBlocksAreNotKeptByEach() throws IOException {
    List<CloneMetadata> opened = new ArrayList<>();
    try {
      long before = directBytes();
      for (int i = 0; i < COUNT; i++) {
        CloneMetadata metadata =
            CloneMetadata.open(new MemoryMetadataDevice(64), new RegionGeometry(128 * 4096L, 4096));
        opened.add(metadata);
        metadata.markHydrated(0, 1);
        metadata.finishCommit(metadata.beginCommit());
      }
      assertThat(directBytes() - before).isLessThan(COUNT * TRANSFER_BUFFER / 4);
    } finally {
      for (CloneMetadata metadata : opened) {
        metadata.close();
      }
    }
  }

  private static long directBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }
}
