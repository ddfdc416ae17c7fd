package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataModeException;
import io.clonedevice.store.BlockIoException;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.CloneFixture;
import io.clonedevice.testing.SteppedRuntime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** What a device does when its metadata device fails, and how it comes back. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class MetadataModeTest {
  private static final int REGION = 4096;

  private final CloneFixture media =
      CloneFixture.builder().randomSource(16 * REGION, 1).regionSize(REGION).build();
  private final EventLog log = new EventLog();
  private final SteppedRuntime runtime = new SteppedRuntime();

  @AfterEach
  void closeMedia() throws Exception {
    media.close();
  }

  private CloneDevice open() throws IOException {
    return media.deviceBuilder().runtime(runtime.runtime()).listener(log).open();
  }

  private static byte[] bytes(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static void write(CloneDevice device, long offset, int length, int value)
      throws IOException {
    device.blocking().write(offset, ByteBuffer.wrap(bytes(length, value)));
  }

  private static byte[] read(CloneDevice device, long offset, int length) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(length);
    device.blocking().read(offset, target);
    return target.array();
  }

  private byte[] source(int offset, int length) {
    return Arrays.copyOfRange(media.content(), offset, offset + length);
  }

  private void failCommits() {
    media.metadata().faults().failAlways(Operation.WRITE);
  }

  @Test
  @Tag("A41")
  @Tag("A44")
  void aFailedCommitMakesTheDeviceReadOnlyAndKeepsWhatWasWrittenInView() throws Exception {
    try (CloneDevice device = open()) {
      write(device, 0, REGION, 1);
      write(device, REGION + 512, 512, 2);
      failCommits();
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
      runtime.settle();

      assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_ONLY);
      assertThat(device.statusNoFlush().hydratedRegions()).isEqualTo(2);
      assertThat(read(device, 0, REGION)).isEqualTo(bytes(REGION, 1));
      assertThat(read(device, REGION + 512, 512)).isEqualTo(bytes(512, 2));
      assertThat(log.events()).containsExactly("ro");
      assertThat(log.lastCause()).isInstanceOf(BlockIoException.class);
      media.metadata().faults().heal();
      device.reopenReadWrite();
    }
  }

  @Test
  @Tag("A41")
  void whatAFailedCommitFrozeIsCommittedAfterTheReturnToReadWrite() throws Exception {
    try (CloneDevice device = open()) {
      write(device, 0, REGION, 1);
      failCommits();
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
      media.metadata().faults().heal();
      device.reopenReadWrite();
      assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(1);
      write(device, 2 * REGION, REGION, 3);
      device.blocking().flush();
      assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(2);
    }
    try (CloneDevice device = open()) {
      assertThat(read(device, 0, REGION)).isEqualTo(bytes(REGION, 1));
      assertThat(read(device, 2L * REGION, REGION)).isEqualTo(bytes(REGION, 3));
    }
    runtime.close();
  }

  @Test
  @Tag("A41")
  @Tag("A40")
  void aFailedCommitIsLoggedOnceInTheKernelsWords() throws Exception {
    try (CapturedLog text = new CapturedLog()) {
      try (CloneDevice device = open()) {
        write(device, 0, REGION, 1);
        failCommits();
        assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
        for (int i = 0; i < 5; i++) {
          runtime.advanceMs(1000);
          assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
        }
        media.metadata().faults().heal();
        device.reopenReadWrite();
      }
      assertThat(text.text())
          .containsOnlyOnce("Metadata operation `commit' failed: error = ")
          .contains("injected fault 1")
          .containsOnlyOnce("Aborting current metadata transaction")
          .containsOnlyOnce("Switching to read-only mode")
          .containsOnlyOnce("Switching to read-write mode")
          .doesNotContain("error = {}");
    }
  }

  @Test
  @Tag("A41")
  void aFailedFlushOfTheDestinationIsLoggedWithItsError() throws Exception {
    try (CapturedLog text = new CapturedLog();
        CloneDevice device = open()) {
      write(device, 0, REGION, 1);
      media.destination().faults().failCall(0, Operation.FLUSH);
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
      assertThat(text.text())
          .containsPattern("Metadata operation `flush destination device' failed: error = .*fault")
          .contains("Switching to read-only mode");
      assertThatThrownBy(device::close).isInstanceOf(IOException.class);
    }
    assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isZero();
  }

  @Test
  @Tag("A42")
  @Tag("A45")
  void metadataThatCanBeReadNoMoreFailsEveryRequest() throws Exception {
    try (CapturedLog text = new CapturedLog();
        CloneDevice device = open()) {
      write(device, 0, REGION, 1);
      media.metadata().faults().failAlways();
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
      runtime.settle();

      assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.FAIL);
      assertThat(device.status().mode()).isEqualTo(MetadataMode.FAIL);
      assertThat(log.events()).containsExactly("Fail");
      assertThat(text.text())
          .containsOnlyOnce("Failed to abort metadata transaction")
          .containsOnlyOnce("Switching to fail mode");

      media.journal().clear();
      ByteBuffer block = ByteBuffer.allocate(512);
      for (long offset : new long[] {0, 5 * REGION}) {
        assertFails(device.read(offset, block.clear()));
        assertFails(device.write(offset, block.clear()));
        assertFails(device.writeDurably(offset, block.clear()));
        assertFails(device.discard(offset, REGION));
        assertThatThrownBy(() -> device.blocking().read(offset, block.clear()))
            .isInstanceOf(MetadataModeException.class);
        assertThatThrownBy(() -> device.blocking().write(offset, block.clear()))
            .isInstanceOf(MetadataModeException.class);
        assertThatThrownBy(() -> device.blocking().discard(offset, REGION))
            .isInstanceOf(MetadataModeException.class);
      }
      assertFails(device.flush());
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(MetadataModeException.class);
      assertThat(media.journal().calls()).isEmpty();
      assertThatThrownBy(device::close).isInstanceOf(IOException.class);
    }
  }

  private void assertFails(CompletableFuture<Void> request) {
    assertThatThrownBy(() -> runtime.await(request))
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOf(MetadataModeException.class)
        .hasMessageContaining("fail mode");
  }

  @Test
  @Tag("A43")
  void failModeIsNeverLeft() throws Exception {
    try (CloneDevice device = open()) {
      write(device, 0, REGION, 1);
      media.metadata().faults().failAlways();
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
      media.metadata().faults().heal();

      assertThatThrownBy(device::reopenReadWrite).isInstanceOf(MetadataModeException.class);
      assertThatThrownBy(device::suspend).isInstanceOf(IOException.class);
      device.resume();
      device.enableHydration();
      runtime.advanceMs(10_000);
      assertThatThrownBy(device::reopenReadWrite).isInstanceOf(MetadataModeException.class);
      assertThat(device.status().mode()).isEqualTo(MetadataMode.FAIL);
      assertThat(log.events()).containsExactly("Fail");
      assertThatThrownBy(device::close).isInstanceOf(IOException.class);
    }
  }

  @Test
  @Tag("A43")
  @Tag("A40")
  void readOnlyIsLeftOnlyOnDemandAndOnlyOnceTheStoreIsWell() throws Exception {
    try (CloneDevice device = open()) {
      write(device, 0, REGION, 1);
      failCommits();
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
      // A store that is well again is not enough.
      media.metadata().faults().heal();
      runtime.advanceMs(10_000);
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(MetadataModeException.class);
      assertThat(device.status().mode()).isEqualTo(MetadataMode.READ_ONLY);
      // An attempt that fails is a change to rw and back.
      failCommits();
      assertThatThrownBy(device::reopenReadWrite).isInstanceOf(IOException.class);
      assertThat(device.status().mode()).isEqualTo(MetadataMode.READ_ONLY);

      media.metadata().faults().heal();
      device.reopenReadWrite();
      device.reopenReadWrite();
      runtime.settle();
      assertThat(device.status().mode()).isEqualTo(MetadataMode.READ_WRITE);
      assertThat(log.events()).startsWith("ro").endsWith("rw");
      for (int i = 1; i < log.events().size(); i++) {
        assertThat(log.events().get(i)).isNotEqualTo(log.events().get(i - 1));
      }
      write(device, 3 * REGION, 512, 4);
      device.blocking().flush();
    }
    assertThat(OnDisk.hydratedRegions(media.metadata().contents())).isEqualTo(2);
  }

  @Test
  @Tag("A43")
  void reopenReadWriteRefusesASuperblockThatItDidNotWrite() throws Exception {
    byte[] before;
    try (CloneDevice device = open()) {
      before = media.metadata().bytes().contents();
      write(device, 0, REGION, 1);
      device.blocking().flush();
      write(device, REGION, REGION, 1);
      failCommits();
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
      media.metadata().faults().heal();
      media.metadata().bytes().write(0, ByteBuffer.wrap(before, 0, 4096));
      assertThatThrownBy(device::reopenReadWrite).isInstanceOf(IOException.class);
      assertThat(device.status().mode()).isNotEqualTo(MetadataMode.READ_WRITE);
      assertThatThrownBy(device::close).isInstanceOf(IOException.class);
    }
    assertThat(Arrays.copyOf(media.metadata().bytes().contents(), 4096))
        .isEqualTo(Arrays.copyOf(before, 4096));
  }

  @Test
  @Tag("A44")
  void readOnlyModeServesWhatNeedsNoChangeOfTheMetadata() throws Exception {
    try (CloneDevice device =
        media
            .deviceBuilder()
            .runtime(runtime.runtime())
            .hydration(Hydration.background().threshold(1).batchSize(1))
            .listener(log)
            .suspended()
            .open()) {
      device.disableHydration();
      device.resume();
      write(device, 0, REGION, 1);
      device.blocking().flush();
      write(device, REGION, REGION, 1);
      failCommits();
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
      device.enableHydration();
      media.journal().clear();
      for (int i = 0; i < 5; i++) {
        runtime.advanceMs(1000);
      }
      assertThat(media.journal().calls()).as("background hydration").isEmpty();

      assertThat(read(device, 0, 3 * REGION).length).isEqualTo(3 * REGION);
      assertThat(read(device, 2L * REGION, REGION)).isEqualTo(source(2 * REGION, REGION));
      write(device, 512, REGION, 5);
      assertThat(read(device, 512, REGION)).isEqualTo(bytes(REGION, 5));
      runtime.await(device.write(0, ByteBuffer.wrap(bytes(512, 6))));

      media.journal().clear();
      assertThatThrownBy(() -> write(device, 2 * REGION, 512, 7))
          .isInstanceOf(MetadataModeException.class)
          .hasMessageContaining("unhydrated region 2");
      assertThatThrownBy(() -> write(device, 2 * REGION, REGION, 7))
          .isInstanceOf(MetadataModeException.class);
      assertThatThrownBy(
              () -> runtime.await(device.write(2L * REGION, ByteBuffer.wrap(bytes(REGION, 7)))))
          .hasCauseInstanceOf(MetadataModeException.class);
      assertThat(media.journal().calls()).isEmpty();
      assertThat(read(device, 2L * REGION, REGION)).isEqualTo(source(2 * REGION, REGION));
      assertThat(device.statusNoFlush().hydratedRegions()).isEqualTo(2);

      media.metadata().faults().heal();
      device.reopenReadWrite();
      runtime.settle();
      runtime.await(device.hydrated());
    }
  }

  @Test
  @Tag("A44")
  void writesThatWaitForACopyFailWhenTheMetadataTurnsReadOnlyMeanwhile() throws Exception {
    try (CloneDevice device = open()) {
      write(device, 0, REGION, 1);
      CompletableFuture<Void> late = device.write(4L * REGION, ByteBuffer.wrap(bytes(512, 2)));
      failCommits();
      assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> runtime.await(late)).hasCauseInstanceOf(MetadataModeException.class);
      assertThat(read(device, 4L * REGION, 512)).isEqualTo(source(4 * REGION, 512));
      media.metadata().faults().heal();
      device.reopenReadWrite();
    }
  }
}
