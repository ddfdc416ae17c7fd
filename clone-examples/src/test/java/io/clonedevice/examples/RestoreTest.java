package io.clonedevice.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.testing.CloneDeviceExtension;
import io.clonedevice.testing.CloneFixture;
import io.clonedevice.testing.Seed;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The test in the README, as a user writes it. */
class RestoreTest {
  @RegisterExtension
  final CloneDeviceExtension clones =
      new CloneDeviceExtension(CloneFixture.builder().randomSource(1 << 20, 7));

  @Test
  void hydrationOutlivesASourceThatFails(CloneFixture clone) throws Exception {
    clone.source().faults().failCalls(2, 3); // the third, fourth and fifth call
    clone.reopen(builder -> builder.hydration(Hydration.background())).hydrated().join();
    assertArrayEquals(clone.content(), clone.destination().contents());
  }

  @Test
  void whatIsDurableSurvivesAPowerCut(CloneFixture clone) throws Exception {
    byte[] record = new byte[4096];
    clone.device().writeDurably(8192, ByteBuffer.wrap(record)).join();
    clone.cutPower(Seed.random()); // each unflushed sector may be old or new
    ByteBuffer found = ByteBuffer.allocate(4096);
    clone.device().read(8192, found).join();
    assertArrayEquals(record, found.array());
  }
}
