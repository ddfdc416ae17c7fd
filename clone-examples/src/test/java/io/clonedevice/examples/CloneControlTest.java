package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.examples.nbd.server.NbdServer;
import io.clonedevice.examples.nbd.server.NbdServerOptions;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.testing.CloneFixture;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The control socket's answers, of a clone whose stores do what the test says. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CloneControlTest {
  private static final int SIZE = 1 << 20;

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
}
