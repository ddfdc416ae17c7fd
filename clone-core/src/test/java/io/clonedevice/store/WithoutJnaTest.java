package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.JvmWithout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JNA is optional: another JVM runs without it. */
class WithoutJnaTest {
  @TempDir Path directory;

  @Test
  void fileStoresWorkWithoutJnaSupportNoDiscardAndPrintNothing() throws Exception {
    assertThat(JvmWithout.run("jna.*", WithoutJnaTest.class, directory.toString()))
        .isEqualTo("DATA false 7");
  }

  /** Runs in the other process. */
  public static void main(String[] arguments) throws IOException {
    Path directory = Path.of(arguments[0]);
    try (BlockStore store = FileChannelBlockStore.create(directory.resolve("a"), 256 << 10);
        BlockStore copy = FileChannelBlockStore.create(directory.resolve("b"), 4096)) {
      store.write(512, ByteBuffer.allocate(128 << 10).put(0, (byte) 7));
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
