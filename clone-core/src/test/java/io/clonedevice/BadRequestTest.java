package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockStore;
import io.clonedevice.testing.CloneFixture;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Requests outside the device, misaligned, or of a closed device. */
class BadRequestTest extends RefusalTest {
  private static final long[][] OUTSIDE = {
    {-512, 512},
    {Long.MIN_VALUE, 512},
    {SIZE, 512},
    {SIZE - 512, 1024},
    {SIZE + 512, 0},
    {Long.MAX_VALUE - 511, 512},
    {Long.MAX_VALUE - 511, 1024},
    {1L << 32, 512},
    {(1L << 63) - 4096, 4096},
  };

  private static final long[][] MISALIGNED = {{1, 512}, {512, 1}, {511, 513}, {256, 256}};

  @Test
  @Tag("B9")
  void requestsOutsideTheDeviceAreThrownInTheCallerAndTouchNothing() throws Exception {
    for (long[] range : OUTSIDE) {
      assertRefused(range[0], (int) range[1], "leaves the device, which has " + SIZE + " bytes");
    }
  }

  @Test
  @Tag("B9")
  void misalignedRequestsAreThrownInTheCallerAndTouchNothing() throws Exception {
    for (long[] range : MISALIGNED) {
      assertRefused(range[0], (int) range[1], "is not aligned");
    }
  }

  @Test
  @Tag("B9")
  void discardsWhoseEndOverflowsAreThrownInTheCallerAndTouchNothing() throws Exception {
    CloneFixture media = CloneFixture.builder().randomSource(SIZE, 1).regionSize(REGION).build();
    try (CloneDevice device = media.deviceBuilder().open()) {
      media.journal().clear();
      for (long[] range :
          new long[][] {
            {0, -512},
            {0, Long.MIN_VALUE},
            {512, Long.MAX_VALUE - 511},
            {0, SIZE + 512},
            {SIZE, Long.MAX_VALUE - 511},
            {REGION, 1L << 32},
            {REGION, -REGION}
          }) {
        assertThatThrownBy(() -> device.discard(range[0], range[1]))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContainingAll("discard", Long.toString(range[1]), "leaves the device");
        assertThatThrownBy(() -> device.blocking().discard(range[0], range[1]))
            .isInstanceOf(IllegalArgumentException.class);
      }
      assertThat(device.status().hydratedRegions()).isZero();
      assertThat(media.journal().calls()).isEmpty();
    }
  }

  private static void assertRefused(long offset, int length, String message) throws Exception {
    CloneFixture media = CloneFixture.builder().randomSource(SIZE, 1).regionSize(REGION).build();
    try (CloneDevice device = media.deviceBuilder().open()) {
      media.journal().clear();
      ByteBuffer buffer = ByteBuffer.allocate(length);
      BlockStore blocking = device.blocking();
      FileMedia.Attempt[] attempts = {
        () -> device.read(offset, buffer),
        () -> device.write(offset, buffer),
        () -> device.writeDurably(offset, buffer),
        () -> device.discard(offset, length),
        () -> blocking.read(offset, buffer),
        () -> blocking.write(offset, buffer),
        () -> blocking.writeDurably(offset, buffer),
        () -> blocking.discard(offset, length)
      };
      for (FileMedia.Attempt attempt : attempts) {
        assertThatThrownBy(attempt::run)
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContainingAll(message, Integer.toString(length), Long.toString(offset));
      }
      assertThat(buffer.position()).isZero();
      assertThat(media.journal().calls()).isEmpty();
      assertThat(device.status().hydratedRegions()).isZero();
    }
  }

  @Test
  void aReadOnlyBufferCannotBeReadInto() throws Exception {
    try (CloneDevice device = files.builder().open()) {
      ByteBuffer readOnly = ByteBuffer.allocate(512).asReadOnlyBuffer();
      assertThatThrownBy(() -> device.read(0, readOnly))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("read-only");
      assertThatThrownBy(() -> device.blocking().read(0, readOnly))
          .isInstanceOf(IllegalArgumentException.class);
      device.write(0, readOnly).get();
    }
  }

  /** A hot path that met the null by itself would throw one without a message once compiled. */
  @Test
  @Tag("B9")
  void aMissingBufferIsNamedHoweverOften() throws Exception {
    CloneFixture media = CloneFixture.builder().randomSource(SIZE, 1).regionSize(REGION).build();
    try (CloneDevice device = media.deviceBuilder().open()) {
      BlockStore blocking = device.blocking();
      for (int i = 0; i < 100_000; i++) {
        assertNamed("target", () -> device.read(0, null));
        assertNamed("data", () -> device.write(0, null));
        assertNamed("data", () -> device.writeDurably(0, null));
        assertNamed("target", () -> blocking.read(0, null));
        assertNamed("source", () -> blocking.write(0, null));
        assertNamed("source", () -> blocking.writeDurably(0, null));
      }
    }
  }

  private static void assertNamed(String name, FileMedia.Attempt attempt) throws Exception {
    try {
      attempt.run();
    } catch (NullPointerException e) {
      if (!name.equals(e.getMessage())) {
        throw new AssertionError("named " + e.getMessage() + " instead of " + name, e);
      }
      return;
    }
    throw new AssertionError(name + " was not missed");
  }

  @Test
  @Tag("B11")
  void requestsAfterCloseAreRefusedAndTouchNothing() throws Exception {
    files.format();
    files
        .assertRefused(
            () -> {
              CloneDevice device = files.builder().open();
              device.close();
              ByteBuffer buffer = ByteBuffer.allocate(512);
              FileMedia.Attempt[] misuses = {
                () -> device.read(0, buffer),
                () -> device.write(0, buffer),
                () -> device.writeDurably(0, buffer),
                () -> device.discard(0, REGION),
                device::flush,
                device::suspend,
                device::resume,
                device::reopenReadWrite
              };
              for (FileMedia.Attempt misuse : misuses) {
                assertThatIllegalStateException()
                    .isThrownBy(misuse::run)
                    .withMessageContaining("closed");
              }
              BlockStore blocking = device.blocking();
              FileMedia.Attempt[] troubles = {
                () -> blocking.read(0, buffer),
                () -> blocking.write(0, buffer),
                () -> blocking.writeDurably(0, buffer),
                () -> blocking.discard(0, REGION),
                blocking::flush
              };
              for (FileMedia.Attempt trouble : troubles) {
                assertThatThrownBy(trouble::run)
                    .isInstanceOf(BlockIoException.class)
                    .hasCauseInstanceOf(ClosedChannelException.class);
              }
              // What can be seen can be seen still.
              assertThat(device.status().hydratedRegions()).isEqualTo(1);
              device.enableHydration();
              device.close();
              blocking.close();
              throw new IllegalStateException("all were refused");
            })
        .hasMessage("all were refused");
  }
}
