package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.CloneDevice;
import io.clonedevice.examples.nbd.server.NbdServer;
import io.clonedevice.examples.nbd.server.NbdServerOptions;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.CloneFixture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The control socket's answers, of a clone whose stores do what the test says. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CloneControlTest {
  private static final int SIZE = 1 << 20;

  @TempDir private Path temporary;
  private CloneFixture clone;
  private CloneDevice device;
  private NbdServer server;
  private CloneControl control;

  @BeforeEach
  void open() throws IOException {
    clone = CloneFixture.builder().randomSource(SIZE, 1).hydration(Hydration.disabled()).build();
    device = clone.device();
    server = new NbdServer(device, NbdServerOptions.defaults());
    control = new CloneControl(device, server);
  }

  @AfterEach
  void close() throws IOException {
    clone.destination().gate().open();
    clone.metadata().faults().heal();
    server.close();
    clone.close();
  }

  private void writeRegion() {
    device.write(0, ByteBuffer.allocate(device.regionSize())).join();
  }

  @Test
  void statusDoesNotWaitForAFlushThatHangs() throws Exception {
    clone.destination().gate().hold(Operation.FLUSH);
    writeRegion();

    assertThat(control.answer("status")).contains("\nhydrated 1\n");
  }

  @Test
  void aDeviceThatWentReadOnlyIsReopenedOnceItsMetadataIsWell() throws Exception {
    clone.metadata().faults().failAlways(Operation.WRITE);
    writeRegion();
    assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);
    assertThat(control.answer("status")).contains("\nmode ro\n");
    Path path = temporary.resolve("control");
    try (ControlSocket socket = new ControlSocket(ControlSocket.listen(path), control)) {
      Tool inVain = Tool.run("message", "--socket", path, "reopen_read_write");
      clone.metadata().faults().heal();
      Tool reopened = Tool.run("message", "--socket", path, "reopen_read_write");

      assertThat(inVain.status()).isEqualTo(CloneTool.TROUBLE);
      assertThat(inVain.err()).startsWith("clone: ").contains("injected fault");
      assertThat(reopened).isEqualTo(new Tool(CloneTool.DONE, "", ""));
      assertThat(socket).isNotNull();
    }
    assertThat(control.answer("status")).contains("\nmode rw\n");
    device.blocking().flush();
  }

  @Test
  void statusTellsWhatWentUnnoticed() throws Exception {
    assertThat(control.answer("status"))
        .contains("\nsuspended false\n")
        .contains("\nmetadata_updates_failed 0\n")
        .contains("\ndiscards_ignored 0\n");
    device.suspend();
    assertThat(control.answer("status")).contains("\nsuspended true\n");
    device.resume();
    clone.metadata().faults().failAlways(Operation.WRITE);
    writeRegion();
    assertThatThrownBy(() -> device.blocking().flush()).isInstanceOf(IOException.class);

    device.discard(device.regionSize(), device.regionSize()).join();
    assertThat(control.answer("status")).contains("\ndiscards_ignored 1\n");
  }
}
