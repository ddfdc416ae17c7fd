package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.clonedevice.CloneDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The examples of the package's documentation, word for word. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GuideTest {
  private static final Path GUIDE =
      Path.of("src/main/java/io/clonedevice/testing/package-info.java");
  private static final Path THIS = Path.of("src/test/java/io/clonedevice/testing/GuideTest.java");
  private static final Pattern EXAMPLE =
      Pattern.compile("<pre>\\{@code\n(.*?)\n \\* }</pre>", Pattern.DOTALL);

  private final byte[] record = new byte[512];
  private int backUps;
  private int states;

  GuideTest() {
    Arrays.fill(record, (byte) 7);
  }

  @Test
  void everyExampleStandsInThisClass() throws IOException {
    String here = Files.readString(THIS).replaceAll("\\s", "");
    List<String> examples =
        EXAMPLE
            .matcher(Files.readString(GUIDE))
            .results()
            .map(match -> match.group(1).replaceAll("(?m)^ \\*", ""))
            .toList();

    assertThat(examples).hasSize(4);
    for (String example : examples) {
      assertThat(here.contains(example.replaceAll("\\s", ""))).as("%s", example).isTrue();
    }
  }

  @RegisterExtension
  final CloneDeviceExtension clones =
      new CloneDeviceExtension(CloneFixture.builder().randomSource(1 << 20, 7));

  @Test
  void whatIsDurableSurvivesAPowerCut(CloneFixture clone) throws Exception {
    clone.device().writeDurably(512, ByteBuffer.wrap(record)).join();
    clone.cutPower(Seed.random());
    assertArrayEquals(record, read(clone.device(), 512));
  }

  private byte[] read(CloneDevice device, long offset) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(record.length);
    device.blocking().read(offset, target);
    return target.array();
  }

  @Test
  void faultAtEveryCall() throws Exception {
    boolean metFault = true;
    for (long n = 0; metFault; n++) {
      try (CloneFixture clone = CloneFixture.builder().build()) {
        FaultyBlockStore source = clone.source().faults();
        source.failCall(n);
        backUp(clone.device());
        metFault = source.faultCount() > 0;
      }
    }

    assertThat(backUps).isEqualTo(3 + 1);
  }

  /** Makes three calls, and cares for none. */
  private void backUp(CloneDevice device) {
    backUps++;
    for (int at = 0; at < 3 * 512; at += 512) {
      CompletableFuture<Void> read = device.read(at, ByteBuffer.allocate(512));
      assertThat(read.handle((nothing, failure) -> true).join()).isTrue();
    }
  }

  @Test
  void anOrderWithAGate(CloneFixture clone) throws Exception {
    GatedBlockStore source = clone.source().gate();
    source.hold();
    CompletableFuture<Void> write = clone.device().write(512, ByteBuffer.wrap(record));
    source.awaitWaiting(1); // for the rest of the region
    assertFalse(write.isDone());
    source.open();
    write.join();

    assertArrayEquals(record, read(clone.device(), 512));
  }

  @Test
  void crashStates() throws Exception {
    Random random = Seed.random();
    try (CloneFixture clone = CloneFixture.builder().stepped().build()) {
      CrashingMedia media = clone.crashingMedia();
      media.beforeEachChange(
          () -> {
            for (List<CrashingBlockStore> left : media.crashStates(100, random)) {
              checkWhatIsThere(clone.restartedOn(left));
            }
          });
      clone.steps().await(clone.device().writeDurably(512, ByteBuffer.wrap(record)));

      assertThat(states).isGreaterThan(10);
      media.beforeEachChange(() -> {});
    }
  }

  /** The record, or what was there before it. */
  private void checkWhatIsThere(CloneFixture left) {
    states++;
    try (left) {
      byte[] before = Arrays.copyOfRange(left.content(), 512, 1024);
      assertThat(read(left.device(), 512)).isIn(record, before);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
