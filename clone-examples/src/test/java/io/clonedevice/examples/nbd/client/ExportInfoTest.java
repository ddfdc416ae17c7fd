package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.examples.nbd.NbdExportFlags;
import org.junit.jupiter.api.Test;

class ExportInfoTest {
  @Test
  void exportThatNoLongerTellsItsAllocationIsAnother() {
    assertThat(inContext(ExportInfo.NO_CONTEXT).isLike(inContext(7))).isFalse();
  }

  @Test
  void allocationMayBeToldUnderAnotherIdOrAnew() {
    assertThat(inContext(8).isLike(inContext(7))).isTrue();
    assertThat(inContext(7).isLike(inContext(ExportInfo.NO_CONTEXT))).isTrue();
  }

  private static ExportInfo inContext(long id) {
    return new ExportInfo(1 << 20, NbdExportFlags.HAS_FLAGS, 1, 4096, 1 << 20, true, id);
  }
}
