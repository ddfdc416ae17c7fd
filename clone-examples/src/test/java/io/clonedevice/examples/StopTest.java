package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.examples.nbd.client.NbdBlockStore;
import io.clonedevice.examples.nbd.client.NbdOptions;
import io.clonedevice.examples.nbd.client.NbdUri;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is left, and said, when a clone is stopped while a store does not do its part. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StopTest {
  private static final int REGION_SIZE = 4096;
  private static final int SIZE = 128 * REGION_SIZE;

  @TempDir private Path temporary;
  private CloneDirectory clone;
  private Path socket;
  private Process process;
  private HangingSource source;

  @BeforeEach
  void makeSource() throws IOException {
    Signal.TERM.assumeSendable();
    clone = new CloneDirectory(temporary).withSource(SIZE);
    socket = temporary.resolve("nbd");
  }

  @AfterEach
  void kill() throws IOException {
    if (process != null) {
      process.destroyForcibly();
    }
    if (source != null) {
      source.close();
    }
  }

  /** Starts a command on the clone, with regions of one block of the metadata. */
  private void start(String command, String source, Object... options) throws IOException {
    List<Object> arguments = new ArrayList<>(List.of(clone.arguments(options)));
    arguments.set(0, command);
    arguments.set(arguments.indexOf("--source") + 1, source);
    arguments.add("--region-size=4K");
    process = new ProcessBuilder(Tool.command(arguments.toArray())).start();
  }

  private void awaitListening() throws IOException {
    BufferedReader out = process.inputReader();
    assertThat(out.readLine()).startsWith("listening on ");
  }

  private Tool terminate() throws Exception {
    Signal.TERM.send(process);
    return Tool.await(process);
  }

  /** Writes a region as a client does who does not flush. */
  private void writeRegion(int region, byte[] bytes) throws IOException {
    NbdUri uri = NbdUri.parse("nbd+unix:///?socket=" + socket);
    try (NbdBlockStore client = NbdBlockStore.open(uri, NbdOptions.defaults())) {
      client.write((long) region * REGION_SIZE, ByteBuffer.wrap(bytes));
    }
  }

  private static byte[] regionOf(char letter) {
    byte[] bytes = new byte[REGION_SIZE];
    Arrays.fill(bytes, (byte) letter);
    return bytes;
  }

  @Test
  void whatCannotBeMadeDurableIsSaidAndTheExitStatusTellsIt() throws Exception {
    assumeTrue(Programs.find("prlimit").isPresent(), "there is no prlimit to make writes fail");
    start("serve", clone.source().toString(), "--socket", socket, "--no-hydration");
    awaitListening();
    // Room for the first region of the destination, and for no new block of the metadata.
    Programs.run("prlimit", "--pid", Long.toString(process.pid()), "--fsize=" + REGION_SIZE);
    writeRegion(0, regionOf('W'));

    Tool stopped = terminate();

    assertThat(stopped.status()).isEqualTo(CloneTool.TROUBLE);
    assertThat(stopped.err()).containsPattern("(?m)^clone: .*metadata");
    assertThat(stopped.out()).doesNotContain("stopped: ");
  }

  @Test
  void aSourceThatHangsCostsNothingThatWasAcknowledged() throws Exception {
    source = new HangingSource(SIZE);
    start(
        "serve",
        source.uri(),
        "--socket",
        socket,
        // One region in copy, so that the last one is not.
        "--hydration-threshold=1",
        "--hydration-batch-size=1");
    awaitListening();
    source.awaitRead();
    writeRegion(SIZE / REGION_SIZE - 1, regionOf('W'));

    Tool stopped = terminate();

    assertThat(stopped.status()).as(stopped.err()).isEqualTo(CloneTool.DONE);
    assertThat(stopped.out()).contains("stopped: 1 of 128 regions hydrated");
    assertThat(Tool.run("status", "--metadata", clone.metadata(), "--json").out())
        .contains("\"hydrated\":1,");
    byte[] copy = Files.readAllBytes(clone.destination());
    assertThat(Arrays.copyOfRange(copy, SIZE - REGION_SIZE, SIZE)).isEqualTo(regionOf('W'));
  }

  @Test
  void aRunWhoseSourceHangsIsStoppedCleanly() throws Exception {
    source = new HangingSource(SIZE);
    start("run", source.uri());
    source.awaitRead();

    Tool stopped = terminate();

    assertThat(stopped.status()).as(stopped.err()).isEqualTo(143);
    assertThat(stopped.out())
        .contains("not done: 0 of 128 regions hydrated, run it again to go on");
  }
}
