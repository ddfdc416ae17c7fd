package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JNA is optional: another JVM runs without it. */
class WithoutJnaTest {
  @TempDir Path directory;

  @Test
  void fileStoresWorkWithoutJnaSupportNoDiscardAndPrintNothing() throws Exception {
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> !entry.contains("jna"))
            .collect(Collectors.joining(File.pathSeparator));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                WithoutJnaTest.class.getName(),
                directory.toString())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(output.strip()).isEqualTo("DATA false 7");
    assertThat(process.waitFor()).isZero();
  }

  /** Runs in the other process. */
  public static void main(String[] arguments) throws IOException {
    Path directory = Path.of(arguments[0]);
    try (BlockStore store = FileChannelBlockStore.create(directory.resolve("a"), 4096);
        BlockStore copy = FileChannelBlockStore.create(directory.resolve("b"), 4096)) {
      store.write(512, ByteBuffer.allocate(512).put(0, (byte) 7));
      store.flush();
      store.copyTo(0, copy, 0, 4096);
      ByteBuffer back = ByteBuffer.allocate(512);
      copy.read(512, back);
      System.out.println(
          store.extentAt(0, 512).kind()
              + " "
              + store.discardSupport().supported()
              + " "
              + back.get(0));
    }
  }
}
